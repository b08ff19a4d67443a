#!/usr/bin/env python3
"""Prints what tools/gpu_check.sh left in a folder as one table, and writes it there as report.json.

    tools/gpu_report.py FOLDER
"""
import json
import pathlib
import sys


def last_json(log):
    """The last line of a log that is a JSON object; None where there is none."""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    steps = []
    for path in sorted(folder.glob("*.json")):
        if path.name == "report.json":
            continue
        step = json.loads(path.read_text())
        log = folder / (step["step"] + ".log")
        step["result"] = last_json(log) if log.exists() else None
        steps.append(step)
    if not steps:
        sys.exit(f"{folder}: no results of gpu_check.sh")
    (folder / "report.json").write_text(json.dumps(steps, indent=1) + "\n")

    print(f"{'step':<36} {'exit':>4} {'s':>5}  {'median ms':>10} {'peak MB':>9}")
    for s in steps:
        r = s["result"] or {}
        median = r.get("median_ms")
        peak = r.get("peak_tensor_mb", r.get("peak_mb"))
        print(f"{s['step']:<36} {s['exit']:>4} {s['seconds']:>5}  "
              f"{'' if median is None else format(median, '10.3f'):>10} {'' if peak is None else format(peak, '9.1f'):>9}")
    by_name = {s["step"]: s["result"] for s in steps if s["result"] and "median_ms" in s["result"]}
    for kind in ("train", "infer"):
        eager = by_name.get(f"torch_{kind}_eager")
        for name, result in by_name.items():
            if eager and name.startswith(f"bench_{kind}_"):
                print(f"{name}: {eager['median_ms'] / result['median_ms']:.2f} times PyTorch eager (not paired)")


if __name__ == "__main__":
    main()
