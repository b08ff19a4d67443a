#!/usr/bin/env python3
"""How training scales over ranks: measured on this machine's CPU, predicted for GPUs.

    tools/bench/scaling.py measure CFRUN RESULTS.json [--network cf2n|ssdiff] [--ranks 1,2,4] [--rounds 5] [--steps 12]
    tools/bench/scaling.py report RESULTS.json                  # Markdown: what was measured, the model, its check, predictions

Every rank has one thread. Where there are as many cores as ranks, each rank is bound to a core of its own. A figure is the median over
the rounds; in a round all settings take their turn, so that a change of the machine meets all of them. "two alone" is two single runs
side by side that know nothing of each other: what the machine itself loses with a second process.
"""

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WARM_UP = 3  # steps that are left out
NETWORKS = {
    "cf2n": {"model": {"name": "cf2n"}, "batch": 4, "loss": {"name": "l1", "detail_weight": 0.1}},
    "ssdiff": {
        "model": {"name": "ssdiff"},
        "batch": 2,
        "loss": {"name": "l1"},
        "tiles": {"size": 64, "stride": 64},
    },
}
MPIRUN = ["mpirun", "-q", "--oversubscribe"] + (["--allow-run-as-root"] if os.geteuid() == 0 else [])

# Latency-bandwidth models of networks: seconds per message, bytes per second that one GPU sends. Figures of the data sheets, with the share
# of the bandwidth that NCCL's own tests commonly reach; none of them was measured here.
NETWORK_MODELS = {
    "NVLink 4 in a node of 8, InfiniBand NDR between nodes, a port per GPU": {"node": 8, "inner": (3e-6, 0.8 * 450e9), "outer": (5e-6, 0.8 * 50e9)},
    "NVLink 4 in a node of 8, InfiniBand HDR between nodes, a port per node": {"node": 8, "inner": (3e-6, 0.8 * 450e9), "outer": (5e-6, 0.8 * 25e9 / 8)},
    "one GPU per node, Ethernet 100 Gbit/s": {"node": 1, "inner": (0, math.inf), "outer": (30e-6, 0.8 * 12.5e9)},
    "one GPU per node, Ethernet 10 Gbit/s": {"node": 1, "inner": (0, math.inf), "outer": (50e-6, 0.8 * 1.25e9)},
}
GPUS = [1, 2, 4, 8, 16, 64, 256, 1024]
BACKWARD = 2 / 3  # share of a step in which gradients become final
# Milliseconds of a step on one GPU, batch 20: not measured; the floor of the arithmetic of an H200 three times over.
ASSUMED_STEPS = {"SSDiff, 20 tiles, 3 ms": (3e-3, 5.2e6), "CF2N or a slower step, 20 ms": (20e-3, 5.2e6)}


def collective(ranks, size, latency, bandwidth):
    """Seconds of an all-reduce: the better of a ring and of a tree, as libraries choose."""
    if ranks < 2:
        return 0.0
    ring = 2 * (ranks - 1) * latency + 2 * (ranks - 1) / ranks * size / bandwidth
    tree = 2 * math.ceil(math.log2(ranks)) * latency + 2 * size / bandwidth
    return min(ring, tree)


def network_sum(model, gpus, size):
    """Inside nodes, then between them, each GPU with its share of the values."""
    node = min(model["node"], gpus)
    inner = collective(node, size, *model["inner"])
    return inner + collective(gpus // node, size / node, *model["outer"])


def predicted_step(compute, total, hidden_time):
    """A step of `compute` seconds with `total` seconds of sums, of which as much is hidden as there is time to hide it in."""
    return compute + max(total - hidden_time, 0.0)


# --- measuring ---------------------------------------------------------------------------------------------------------------


def environment():
    settings = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
    settings.pop("OMP_PROC_BIND", None)
    return settings


def launched(command, ranks, cores):
    if ranks == 1:
        return ["taskset", "-c", str(cores[0])] + command if shutil.which("taskset") else command
    binding = ["--bind-to", "core", "--map-by", "core"] if ranks <= len(cores) else ["--bind-to", "none"]
    return MPIRUN + binding + ["-n", str(ranks)] + command


def checked(command, folder):
    done = subprocess.run(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"scaling: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def write_configuration(folder, name, steps, cfrun):
    network = NETWORKS[name]
    config = {
        "name": "scaling",
        "device": "cpu",
        "model": network["model"],
        "data": {"dir": "data", "sensor": "wv3", "train": "train_wv3.h5", "flips": True},
        "loss": network["loss"],
        "schedule": {"steps": steps},
        "train": {"batch": network["batch"], "max_steps": steps, "threads": 1, "validate_every": 0},
        "checkpoint": {"seconds": 1e6},
    }
    if "tiles" in network:
        config["tiles"] = network["tiles"]
    (folder / "scaling.json").write_text(json.dumps(config))
    if not (folder / "data").exists():
        checked([cfrun, "synth", "data", "--sensor", "wv3", "--size", "192"], folder)


def seconds_of(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    steps = [line["seconds"] for line in lines if "loss" in line]
    return statistics.median(steps[WARM_UP:])


def train(folder, cfrun, cores, ranks, batch, overlap):
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = [cfrun, "train", "scaling.json", "--out", "run", "--set", f"train.batch={batch}"]
    command += ["--set", f"train.overlap={'true' if overlap else 'false'}"]
    checked(launched(command, ranks, cores), folder)
    return seconds_of(run)


def two_alone(folder, cfrun, cores, batch):
    runs = []
    for i in range(2):
        shutil.rmtree(folder / f"alone{i}", ignore_errors=True)
        command = ["taskset", "-c", str(cores[i])] if shutil.which("taskset") else []
        command += [cfrun, "train", "scaling.json", "--out", f"alone{i}", "--set", f"train.batch={batch}"]
        runs.append(subprocess.Popen(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    for run in runs:
        _, errors = run.communicate()
        if run.returncode != 0:
            sys.exit(f"scaling: a run alone ended with {run.returncode}:\n{errors.decode()}")
    return statistics.mean(seconds_of(folder / f"alone{i}") for i in range(2))


def settings_of(ranks, batch):
    """(kind, ranks, batch of a step, overlap). The strong batch divides by all numbers of ranks."""
    strong = batch * max(ranks)
    found = []
    for n in ranks:
        for overlap in [True, False] if n > 1 else [True]:
            found.append(("weak", n, batch * n, overlap))
            found.append(("strong", n, strong, overlap))
    return found


def measure(arguments):
    cfrun = str(Path(arguments.cfrun).resolve())
    cores = sorted(os.sched_getaffinity(0))
    ranks = [int(n) for n in arguments.ranks.split(",")]
    if any(n > 1 for n in ranks) and shutil.which("mpirun") is None:
        sys.exit("scaling: mpirun was not found: install openmpi-bin")
    batch = arguments.batch or NETWORKS[arguments.network]["batch"]
    times = {}
    with tempfile.TemporaryDirectory(prefix="cf_scaling_") as name:
        folder = Path(name)
        write_configuration(folder, arguments.network, arguments.steps, cfrun)
        for done in range(arguments.rounds):
            for kind, n, whole, overlap in settings_of(ranks, batch):
                seconds = train(folder, cfrun, cores, n, whole, overlap)
                times.setdefault(f"{kind} {n} {whole} {'overlap' if overlap else 'after'}", []).append(seconds)
            if len(cores) > 1:
                times.setdefault(f"alone 2 {batch} none", []).append(two_alone(folder, cfrun, cores, batch))
            print(f"scaling: round {done + 1} of {arguments.rounds}", file=sys.stderr)
        sums = {}
        for n in [n for n in ranks if n > 1]:
            out = checked(launched([cfrun, "ranks", "--json", "--runs", "30"], n, cores), folder)
            sums[str(n)] = json.loads(out)["sums"]
        gradient = gradient_bytes(cfrun, folder)
    version = subprocess.run([cfrun, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()
    result = {
        "network": arguments.network,
        "batch": batch,
        "steps": arguments.steps,
        "rounds": arguments.rounds,
        "cores": len(cores),
        "cpu": cpu_name(),
        "version": version,
        "commit": commit,
        "gradient_bytes": gradient,
        "seconds": times,
        "sums": sums,
    }
    Path(arguments.results).write_text(json.dumps(result, indent=1))
    report(result)


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def gradient_bytes(cfrun, folder):
    """Four bytes per parameter, whose number stands in the line of totals."""
    for line in checked([cfrun, "summary", "scaling.json"], folder).splitlines():
        words = line.replace(",", "").split()
        if len(words) > 1 and words[0] == "total" and words[1].isdigit():
            return 4 * int(words[1])
    sys.exit("scaling: cfrun summary names no number of parameters")


# --- reporting ---------------------------------------------------------------------------------------------------------------


def fitted(sums):
    """Latency and bandwidth of an all-reduce: smallest relative squared error of latency + bytes / bandwidth over the sizes."""
    rows = [(s["bytes"], s["seconds"]) for s in sums]
    # Weighted least squares, by 1 / seconds^2.
    a11 = sum(1 / t**2 for _, t in rows)
    a12 = sum(b / t**2 for b, t in rows)
    a22 = sum(b * b / t**2 for b, t in rows)
    r1 = sum(1 / t for _, t in rows)
    r2 = sum(b / t for b, t in rows)
    det = a11 * a22 - a12 * a12
    return max((r1 * a22 - r2 * a12) / det, 0.0), (a11 * r2 - a12 * r1) / det


def median_of(result, kind, n, overlap):
    for key, values in result["seconds"].items():
        words = key.split()
        if words[0] == kind and int(words[1]) == n and words[3] == overlap:
            return statistics.median(values)
    return None


def report_measured(result):
    ranks = sorted({int(key.split()[1]) for key in result["seconds"] if not key.startswith("alone")})
    print(f"{result['network']}, batch {result['batch']} per rank, one thread per rank, {result['cpu']}, {result['cores']} cores, "
          f"{result['version']} ({result['commit']}), median of {result['rounds']}.\n")
    print("| ranks | weak, overlap | efficiency | weak, sums after | efficiency | strong, overlap | speed-up | strong, sums after | speed-up |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n in ranks:
        row = [str(n)]
        for kind in ("weak", "strong"):
            one = median_of(result, kind, 1, "overlap")
            for overlap in ("overlap", "after") if n > 1 else ("overlap", "overlap"):
                t = median_of(result, kind, n, overlap)
                row += [f"{t * 1e3:.1f} ms", f"{one / t:.3f}"]
        print("| " + " | ".join(row) + " |")
    alone = median_of(result, "alone", 2, "none")
    if alone:
        one = median_of(result, "weak", 1, "overlap")
        print(f"\nTwo single runs side by side: {alone * 1e3:.1f} ms per step, {one / alone:.3f} of one by itself; two ranks cannot do better.")
    if max(ranks) > result["cores"]:
        print(f"\nMore ranks than the {result['cores']} cores share them: at best a weak efficiency of cores / ranks.")


def report_sums(result):
    print("\nA sum over ranks on this machine, by itself, and how much of it disappears behind a computation of its length:\n")
    counts = sorted(result["sums"], key=int)
    print("| KiB | " + " | ".join(f"{n} ranks | hidden" for n in counts) + " |")
    print("|---" * (1 + 2 * len(counts)) + "|")
    for i, size in enumerate(s["bytes"] for s in result["sums"][counts[0]]):
        cells = [f"{result['sums'][n][i]['seconds'] * 1e6:.0f} us | {result['sums'][n][i]['hidden']:.0%}" for n in counts]
        print(f"| {size // 1024} | " + " | ".join(cells) + " |")


def report_check(result):
    size = result["gradient_bytes"]
    one = median_of(result, "weak", 1, "overlap")
    alone = median_of(result, "alone", 2, "none") or one
    print(f"\nThe model against these ranks: the step of one rank (where ranks share cores: as often as they share one; where they do not: that of "
          f"two runs side by side) and a sum of the gradient's {size / 1e6:.2f} MB by the fitted latency and bandwidth, not hidden.\n")
    print("| ranks | latency | bandwidth | sum | predicted step | measured, sums after | error |")
    print("|---|---|---|---|---|---|---|")
    for n in sorted(result["sums"], key=int):
        latency, per_byte = fitted(result["sums"][n])
        ranks = int(n)
        measured = median_of(result, "weak", ranks, "after")
        if measured is None:
            continue
        compute = alone * max(ranks / min(result["cores"], ranks), 1.0)
        total = latency + size * per_byte
        step = predicted_step(compute, total, 0.0)
        print(f"| {n} | {latency * 1e6:.0f} us | {1e-9 / per_byte:.2f} GB/s | {total * 1e3:.2f} ms | {step * 1e3:.1f} ms | "
              f"{measured * 1e3:.1f} ms | {step / measured - 1:+.1%} |")


def report_predictions(result):
    cases = dict(ASSUMED_STEPS)
    one = median_of(result, "weak", 1, "overlap")
    cases[f"{result['network']} on this CPU, one thread, {one * 1e3:.0f} ms"] = (one, result["gradient_bytes"])
    print("\nPredicted weak-scaling efficiency, overlap off / on: step / (step + sum not hidden). All-reduce: the better of ring and tree, inside "
          "nodes, then between them; overlap hides it behind the backward pass, two thirds of a step.\n")
    for name, model in NETWORK_MODELS.items():
        print(f"\n{name}:\n")
        print("| step | " + " | ".join(f"{n}" for n in GPUS) + " |")
        print("|---" * (1 + len(GPUS)) + "|")
        for case, (step, size) in cases.items():
            cells = []
            for n in GPUS:
                total = network_sum(model, n, size)
                off = step / predicted_step(step, total, 0.0)
                on = step / predicted_step(step, total, BACKWARD * step)
                cells.append(f"{off:.3f} / {on:.3f}")
            print(f"| {case} | " + " | ".join(cells) + " |")


def report(result):
    report_measured(result)
    if result["sums"]:
        report_sums(result)
        report_check(result)
    report_predictions(result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("measure")
    run.add_argument("cfrun")
    run.add_argument("results")
    run.add_argument("--network", choices=sorted(NETWORKS), default="cf2n")
    run.add_argument("--batch", type=int, default=0, help="per rank in weak scaling; default: the network's")
    run.add_argument("--ranks", default="1,2,4")
    run.add_argument("--rounds", type=int, default=5)
    run.add_argument("--steps", type=int, default=12, help=f"of each run, {WARM_UP} of them to warm up")
    show = commands.add_parser("report")
    show.add_argument("results")
    arguments = parser.parse_args()
    if arguments.command == "measure":
        if arguments.steps <= WARM_UP:
            parser.error(f"--steps: more than {WARM_UP} are needed")
        measure(arguments)
    else:
        report(json.loads(Path(arguments.results).read_text()))


if __name__ == "__main__":
    main()
