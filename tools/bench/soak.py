#!/usr/bin/env python3
"""Whether a long training keeps its memory: runs one, samples it, draws it.

    tools/bench/soak.py run CFRUN FOLDER [--steps 10000]     # makes data, trains, writes FOLDER/soak.csv
    tools/bench/soak.py plot FOLDER/soak.csv PICTURE.svg     # what the process and its tensors took, against steps

Each sample is the number of steps done and VmRSS of /proc/PID/status; live_bytes of the tensors stands in the run's log.jsonl.
The run validates every five epochs, saves a checkpoint every ten seconds and streams its data, so that all of these are under test.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time

CONFIG = {
    "name": "soak",
    "model": {"name": "cf2n", "cf2n": {"channels": 4, "stages": 1}},
    "data": {
        "dir": "data",
        "sensor": "qb",
        "train": "train_qb.h5",
        "valid": "valid_qb.h5",
        "flips": True,
        "turns": True,
        "memory_gb": 0,
    },
    "optimizer": {"name": "adam", "lr": 1e-3, "ema": 0.99},
    "schedule": {"name": "constant"},
    "train": {"batch": 2, "seed": 1, "threads": 1, "validate_every": 5},
    "checkpoint": {"seconds": 10},
}
SECONDS = 2  # between two samples


def resident(pid):
    """Bytes of the process's memory, None where it has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
    except FileNotFoundError:
        pass
    return None


class Log:
    """The run's log.jsonl, read as it grows."""

    def __init__(self, path):
        self.path, self.at, self.step, self.live = path, 0, 0, 0

    def follow(self):
        if not os.path.exists(self.path):
            return
        with open(self.path) as file:
            file.seek(self.at)
            for line in iter(file.readline, ""):
                if not line.endswith("\n"):
                    break
                self.at = file.tell()
                entry = json.loads(line)
                if "live_bytes" in entry:
                    self.step, self.live = entry["step"], entry["live_bytes"]


def run(cfrun, folder, steps):
    os.makedirs(folder, exist_ok=True)
    cfrun = os.path.abspath(cfrun)
    subprocess.run([cfrun, "synth", "data", "--sensor", "qb", "--size", "192"], cwd=folder, check=True)
    CONFIG["schedule"]["steps"] = steps
    with open(os.path.join(folder, "soak.json"), "w") as file:
        json.dump(CONFIG, file, indent=2)
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")
    with open(os.path.join(folder, "out"), "w") as out:
        process = subprocess.Popen(
            [cfrun, "train", "soak.json", "--out", "run"], cwd=folder, stdout=out, stderr=out, env=environment
        )
    log = Log(os.path.join(folder, "run", "log.jsonl"))
    begun = time.monotonic()
    with open(os.path.join(folder, "soak.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["seconds", "step", "rss_bytes", "live_bytes"])
        while process.poll() is None:
            rss = resident(process.pid)
            log.follow()
            if rss is not None and log.step > 0:
                rows.writerow([round(time.monotonic() - begun, 1), log.step, rss, log.live])
                file.flush()
            time.sleep(SECONDS)
    return process.returncode


WIDTH, HEIGHT, LEFT, TOP, GAP = 720, 150, 70, 30, 50


def panel(index, title, steps, values, last):
    """One chart in MB over steps."""
    top = TOP + index * (HEIGHT + GAP)
    high = max(values) * 1.15
    points = " ".join(
        f"{LEFT + s / last * WIDTH:.1f},{top + HEIGHT - v / high * HEIGHT:.1f}" for s, v in zip(steps, values)
    )
    parts = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{title}</text>']
    for i in range(3):
        y = top + HEIGHT - i / 2 * HEIGHT
        parts.append(f'<path d="M{LEFT} {y:.1f}h{WIDTH}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{high * i / 2 / 1e6:.2f}</text>')
    for i in range(5):
        x = LEFT + i / 4 * WIDTH
        parts.append(f'<text x="{x:.1f}" y="{top + HEIGHT + 16}" text-anchor="middle">{last * i // 4}</text>')
    parts.append(f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    return "\n".join(parts)


def plot(table, picture):
    with open(table) as file:
        rows = list(csv.DictReader(file))
    steps = [int(row["step"]) for row in rows]
    last = -(-steps[-1] // 1000) * 1000
    columns = {
        "memory of the process (VmRSS), MB, against steps": [int(row["rss_bytes"]) for row in rows],
        "tensors alive (live_bytes), MB, against steps": [int(row["live_bytes"]) for row in rows],
    }
    body = "\n".join(panel(i, title, steps, values, last) for i, (title, values) in enumerate(columns.items()))
    height = TOP + 2 * HEIGHT + GAP + 40
    with open(picture, "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
        )
    for title, values in columns.items():
        tenth = max(1, len(values) // 10)
        early = sum(values[tenth : 2 * tenth]) / tenth
        late = sum(values[-tenth:]) / tenth
        print(
            f"{title}: second tenth {early / 1e6:.3f}, last tenth {late / 1e6:.3f}, "
            f"least {min(values) / 1e6:.3f}, most {max(values) / 1e6:.3f}"
        )
    print(f"{len(rows)} samples over {steps[-1]} steps, {rows[-1]['seconds']} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run")
    runs.add_argument("cfrun")
    runs.add_argument("folder")
    runs.add_argument("--steps", type=int, default=10000)
    plots = commands.add_parser("plot")
    plots.add_argument("table")
    plots.add_argument("picture")
    arguments = parser.parse_args()
    if arguments.command == "run":
        return run(arguments.cfrun, arguments.folder, arguments.steps)
    plot(arguments.table, arguments.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
