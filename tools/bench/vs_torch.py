#!/usr/bin/env python3
"""Times `cfrun bench` against the same network in PyTorch, in turn on one machine, and prints the ratio.

    tools/bench/vs_torch.py cf2n --train --batch 8 --size 64 --threads 2
    tools/bench/vs_torch.py ssdiff --train --batch 4 --sdpa
    tools/bench/vs_torch.py --all                 the table of docs/benchmarks.md, as Markdown

Needs a Python with torch (--python) and the folder of reference programs with bench_torch.py (--reference, by default
../shared/reference beside the checkout). The programs run as processes of their own, A B A B ..., and each reports the median of
its calls and its peak memory; what is printed is the median over the rounds and the ratio round by round, so a machine whose
speed drifts does not spoil it. The floor is the work's FLOP over the rate of a 3x3 convolution or a product in oneDNN, whichever is
faster, probed in every round.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

root = pathlib.Path(__file__).resolve().parents[2]
here = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Work:
    """What both sides do. `times` divides: tiles of a batch where a figure is per tile."""
    title: str
    model: str
    batch: int
    size: int
    train: bool = False
    per: int = 1
    partners: tuple = ((), ("--compile",))
    asked_floor: float = 0  # at most so many times the floor
    asked: tuple = ()  # at least so many times as fast as each partner
    asked_memory: float = 0  # at most this share of the first partner's


ALL = (
    Work("CF2N training step, batch 8, 64x64", "cf2n", 8, 64, True, asked_floor=1.7, asked=(2.5, 1.5), asked_memory=1 / 3),
    Work("CF2N inference, 256x256", "cf2n", 1, 256, asked_floor=1.5, asked=(3, 1.5), asked_memory=1 / 4),
    Work("laconv forward + backward, 32 channels, 64x64, batch 8", "laconv", 8, 64, True, partners=((),), asked=(4,)),
    Work("SSDiff forward, one 64x64 tile", "ssdiff", 1, 64, partners=((), ("--sdpa",)), asked_floor=1.8, asked=(8, 3)),
    Work("SSDiff training, one tile of a batch of 4", "ssdiff", 4, 64, True, 4, ((), ("--sdpa",)), 1.8, (6, 2.5), 1 / 6),
)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", nargs="?", choices=["cf2n", "ssdiff", "laconv"])
    p.add_argument("--all", action="store_true", help="every row of the table")
    p.add_argument("--cfrun", default=str(root / "build/release/cfrun"))
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--reference", default=str(root.parent / "shared/reference"))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--compile", action="store_true", help="torch.compile on the other side")
    p.add_argument("--sdpa", action="store_true", help="torch's fused attention on the other side (ssdiff)")
    p.add_argument("--train", action="store_true")
    p.add_argument("--device", default="cpu", help="of both: cpu or cuda")
    for name, default in (("batch", 8), ("size", 64), ("bands", 8), ("threads", 2), ("runs", 10)):
        p.add_argument("--" + name, type=int, default=default)
    a = p.parse_args()
    if a.all == bool(a.model):
        p.error("name a network, or --all")
    a.script = pathlib.Path(a.reference) / "bench_torch.py"
    if not a.script.exists():
        sys.exit(f"{a.script}: not there; name the folder of bench_torch.py with --reference")
    return a


def run(command, threads, folder=None):
    """The lines that a benchmark prints, as JSON."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    done = subprocess.run([str(c) for c in command], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def kernels(a, family, shape, threads):
    """Milliseconds of all calls of a family's default variant, and the rate of the machine in GFLOP/s."""
    lines = run([a.cfrun, "kernels", "bench", family, "--backend", "cpu", "--shape", shape, "--threads", threads, "--runs", a.runs, "--json"], threads)
    first = lines[0]
    return {"median_ms": sum(k["microseconds"] for k in first["kernels"]) / 1e3, "peak_process_mb": 0, "gflop": 0,
            "probe": first["peak_gflop_per_s"]}


def ours(a, work, threads):
    if work.model == "laconv":
        return kernels(a, "laconv:strips", f"{work.batch},{work.size},{work.size},32", threads)
    command = [a.cfrun, "bench", work.model, "--json", "--batch", work.batch, "--size", work.size, "--bands", a.bands,
               "--threads", threads, "--runs", a.runs, f"--device={a.device}"] + (["--train"] if work.train else [])
    return run(command, threads)[-1]


def theirs(a, work, extra):
    if work.model == "laconv":
        return run([a.python, here / "torch_laconv.py", "--batch", work.batch, "--size", work.size, "--threads", a.threads,
                    "--runs", a.runs, *extra], a.threads)[-1]
    command = [a.python, a.script, work.model, "--batch", work.batch, "--size", work.size, "--bands", a.bands, "--threads", a.threads,
               "--runs", a.runs, f"--device={a.device}", *extra] + (["--train"] if work.train else [])
    return run(command, a.threads, a.reference)[-1]


def measure(a, work, report):
    """One row: medians over the rounds, and ratios pair by pair."""
    rounds = []
    for r in range(a.rounds):
        probe = kernels(a, "conv:onednn", "1,64,64,128", a.threads)["probe"] if a.device == "cpu" else 0
        mine = ours(a, work, a.threads)
        others = [theirs(a, work, extra) for extra in work.partners]
        rounds.append((probe, mine, others))
        report(f"round {r + 1}: cfrun {mine['median_ms']:.1f} ms" + "".join(
            f"; torch{''.join(' ' + e for e in extra)} {o['median_ms']:.1f} ms, ratio {o['median_ms'] / mine['median_ms']:.2f}"
            for extra, o in zip(work.partners, others)))
    median = lambda values: statistics.median(list(values))
    probe = median(p for p, _, _ in rounds)
    gflop = rounds[0][1]["gflop"]
    ms = median(m["median_ms"] for _, m, _ in rounds)
    return {
        "work": work.title, "ms": ms / work.per, "gflop": gflop / work.per, "probe_gflop_per_s": probe,
        "floor_ms": gflop / probe * 1e3 / work.per if probe else 0,
        "times_floor": median(m["median_ms"] * p / gflop / 1e3 for p, m, _ in rounds) if gflop and probe else 0,
        "torch_ms": [median(o[i]["median_ms"] for _, _, o in rounds) / work.per for i in range(len(work.partners))],
        "ratios": [median(o[i]["median_ms"] / m["median_ms"] for _, m, o in rounds) for i in range(len(work.partners))],
        "mb": max(m["peak_process_mb"] for _, m, _ in rounds),
        "torch_mb": [max(o[i]["peak_mb"] for _, _, o in rounds) for i in range(len(work.partners))],
        "torch": rounds[0][2][0]["torch"],
    }


def processor():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def table(a):
    print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {a.threads} threads, {a.rounds} rounds of {a.runs} calls\n")
    print("| work | GFLOP | floor | cfrun | times the floor | PyTorch eager | ratio | compile or sdpa | ratio | memory of the processes |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    asked = lambda value, sign: f" (asked {sign} {value:.3g})" if value else ""
    for work in ALL:
        row = measure(a, work, lambda text: print(f"{work.title}: {text}", file=sys.stderr, flush=True))
        cells = [row["work"], f"{row['gflop']:.2f}" if row["gflop"] else "", f"{row['floor_ms']:.0f} ms" if row["floor_ms"] else "",
                 f"{row['ms']:.1f} ms", f"{row['times_floor']:.2f}{asked(work.asked_floor, '<=')}" if row["times_floor"] else ""]
        for i in range(2):
            there = i < len(work.partners)
            cells += [f"{row['torch_ms'][i]:.0f} ms" if there else "",
                      f"{row['ratios'][i]:.2f}{asked(work.asked[i], '>=')}" if there else ""]
        cells.append(f"{row['mb']:.0f} against {row['torch_mb'][0]:.0f} MB, {row['mb'] / row['torch_mb'][0]:.2f}"
                     f"{asked(work.asked_memory, '<=')}" if row["mb"] else "")
        print("| " + " | ".join(cells) + " |", flush=True)
    fmim = statistics.median(kernels(a, "fmim", "1,64,64,32", a.threads)["median_ms"] for _ in range(a.rounds))
    print(f"| FMIM, 32 planes of 64x64 | | | {fmim:.3f} ms (asked <= 0.1) | | | | | | |\n")
    scaling(a)


def scaling(a):
    """Speed-up by a second thread, and what small tiles cost per pixel."""
    work = ALL[0]
    pairs = [(ours(a, work, 1)["median_ms"], ours(a, work, 2)["median_ms"]) for _ in range(a.rounds)]
    print(f"{work.title}: {statistics.median(x / y for x, y in pairs):.2f} times as fast with two threads as with one (asked >= 1.8)")
    for model in ("cf2n", "ssdiff"):
        for size in (16, 32):
            ratios = []
            for _ in range(a.rounds):
                small, large = (ours(a, Work("", model, 8 * 64 // s, s, True), a.threads) for s in (size, 64))
                ratios.append(small["gflop_per_s"] / large["gflop_per_s"])
            print(f"{model}, training on {size}x{size} tiles: {statistics.median(ratios):.2f} of the GFLOP/s on 64x64 (asked >= 0.5)")


def main():
    a = parse_arguments()
    if a.all:
        table(a)
        return
    extra = (("--compile",) if a.compile else ()) + (("--sdpa",) if a.sdpa else ())
    work = Work(a.model, a.model, a.batch, a.size, a.train, partners=(extra,))
    row = measure(a, work, lambda text: print(text, flush=True))
    print(json.dumps({**{k: getattr(a, k) for k in ("model", "train", "batch", "size", "bands", "threads", "device", "compile", "sdpa")},
                      **row}))


if __name__ == "__main__":
    main()
