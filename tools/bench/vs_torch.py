#!/usr/bin/env python3
"""Times `cfrun bench` against the same network in PyTorch, in turn on one machine, and prints the ratio.

    tools/bench/vs_torch.py cf2n --train --batch 8 --size 64 --threads 2
    tools/bench/vs_torch.py cf2n --batch 1 --size 256 --compile

Needs a Python with torch (--python) and the folder of reference programs with bench_torch.py (--reference, by default
../shared/reference beside the checkout). Both programs run as processes of their own, A B A B ..., and each reports the median of
its calls and its peak memory; what is printed is the median over the rounds and the ratio round by round, so a machine whose
speed drifts does not spoil it.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", choices=["cf2n"])
    p.add_argument("--cfrun", default=str(root / "build/release/cfrun"))
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--reference", default=str(root.parent / "shared/reference"))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--compile", action="store_true", help="torch.compile on the other side")
    p.add_argument("--train", action="store_true")
    p.add_argument("--device", default="cpu", help="of both: cpu or cuda")
    for name, default in (("batch", 8), ("size", 64), ("bands", 8), ("threads", 2), ("runs", 10)):
        p.add_argument("--" + name, type=int, default=default)
    return p.parse_args()


def run(command, threads, folder=None):
    """The last line of what a benchmark prints, as JSON."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    a = parse_arguments()
    script = pathlib.Path(a.reference) / "bench_torch.py"
    if not script.exists():
        sys.exit(f"{script}: not there; name the folder of bench_torch.py with --reference")
    shared = [f"--{n}={getattr(a, n)}" for n in ("batch", "size", "bands", "threads", "runs")] + (["--train"] if a.train else [])
    shared.append(f"--device={a.device}")
    ours = [a.cfrun, "bench", a.model, "--json", *shared]
    theirs = [a.python, "bench_torch.py", a.model, *shared] + (["--compile"] if a.compile else [])
    rows = []
    for r in range(a.rounds):
        x, y = run(ours, a.threads), run(theirs, a.threads, a.reference)
        rows.append((x, y))
        print(f"round {r + 1}: cfrun {x['median_ms']:.1f} ms, {x['peak_process_mb']:.0f} MB; "
              f"torch {y['median_ms']:.1f} ms, {y['peak_mb']:.0f} MB; ratio {y['median_ms'] / x['median_ms']:.2f}", flush=True)
    median = lambda values: statistics.median(values)
    print(json.dumps({
        "model": a.model, "mode": "train" if a.train else "forward", "batch": a.batch, "size": a.size, "bands": a.bands,
        "threads": a.threads, "device": a.device, "torch": rows[0][1]["torch"], "compile": a.compile,
        "cfrun_ms": round(median([x["median_ms"] for x, _ in rows]), 2),
        "torch_ms": round(median([y["median_ms"] for _, y in rows]), 2),
        "torch_over_cfrun": round(median([y["median_ms"] / x["median_ms"] for x, y in rows]), 3),
        "cfrun_gflop_per_s": round(median([x["gflop_per_s"] for x, _ in rows]), 1),
        "cfrun_peak_mb": round(max(x["peak_process_mb"] for x, _ in rows), 1),
        "torch_peak_mb": round(max(y["peak_mb"] for _, y in rows), 1)}))


if __name__ == "__main__":
    main()
