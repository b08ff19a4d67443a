#!/usr/bin/env python3
"""Prints the CPU time of one training step of CF2N and of SSDiff in one thread, as a line of JSON for continuous integration.

    tools/bench/cpu_time.py --cfrun build/release/cfrun

CPU time in one thread hardly depends on what else the machine does; the probe, the rate of oneDNN's convolution in one thread, tells one
machine's figures from another's. A step's time is the difference between runs of few and of more steps, so that starting does not count;
of several such runs in turn the shortest count, because a neighbour can only add.
Nothing is asserted: a regression shows when the lines of two commits are compared.
"""
import argparse
import json
import os
import pathlib
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]
STEPS = {"cf2n": ("--batch", "8", "--size", "64"), "ssdiff": ("--batch", "1", "--size", "64")}
FEW, MORE = 1, 5
ROUNDS = 3


def run(command):
    """The last line of a command's output, as JSON, and its CPU time in seconds."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {process.returncode}")
    return json.loads(output.splitlines()[-1]), usage.ru_utime + usage.ru_stime


def step(cfrun, model):
    bench = [cfrun, "bench", model, "--train", "--threads", "1", "--device", "cpu", "--json", *STEPS[model]]
    few, more = [], []
    for _ in range(ROUNDS):
        few.append(run([*bench, "--runs", FEW]))
        more.append(run([*bench, "--runs", MORE]))
    seconds = (min(t for _, t in more) - min(t for _, t in few)) / (MORE - FEW)
    return {"cpu_ms": round(seconds * 1e3, 1), "gflop": round(few[0][0]["gflop"], 2)}


def commit():
    done = subprocess.run(["git", "-C", root, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cfrun", default=root / "build/release/cfrun")
    a = p.parse_args()
    probe, _ = run([a.cfrun, "kernels", "bench", "conv:onednn", "--threads", "1", "--runs", "5", "--shape", "1,64,64,128", "--json"])
    peak = probe["peak_gflop_per_s"]
    report = {"commit": commit(), "threads": 1, "probe_gflop_per_s": round(peak, 1)}
    for model in STEPS:
        measured = step(a.cfrun, model)
        measured["times_floor"] = round(measured["cpu_ms"] / 1e3 * peak / measured["gflop"], 2)
        report[f"{model}_training_step"] = measured
    print(json.dumps(report))


main()
