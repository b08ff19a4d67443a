#!/usr/bin/env python3
"""Trains for a moment on real imagery and measures it, through the program itself.

    tests/real/real_data.py CFRUN SOURCE_DIR

The data are expected in $CF_REAL_DATA, by default ../shared/data beside the checkout; without them the test is skipped (exit
code 77). Checked are the figures of plain interpolation (EXP), which depend on readers, scaling and metrics but not on training,
and that a hundred steps beat the classical method MTF-GLP-FS.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CFRUN, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
DATA = pathlib.Path(os.environ.get("CF_REAL_DATA", SOURCE.parent / "shared/data"))

# Interpolation alone: SAM, ERGAS, Q2n, from an independent implementation, to four digits.
EXP = {"test_wv2_rr.h5": (8.2314, 6.7193, 0.6354), "test_wv3_rr.h5": (6.1976, 8.4901, 0.6383),
       "test_landsat7_rr.h5": (3.1157, 2.5930, 0.6731)}
# What MTF-GLP-FS reaches on test_wv2_rr.h5.
CLASSICAL = {"ERGAS": 4.9387, "Q2n": 0.8378}

failures = []


def expect(ok, what):
    print(("ok    " if ok else "WRONG ") + what, flush=True)
    if not ok:
        failures.append(what)


def run(*arguments):
    subprocess.run([CFRUN, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def train(config, steps, out):
    run("train", SOURCE / "configs" / config, "--set", f"data.dir={DATA}", "--set", f"train.max_steps={steps}", "--set",
        f"schedule.steps={steps}", "--set", "schedule.warmup_steps=0", "--set", "train.validate_every=0", "--out", out)


def measure(run_folder, name):
    """Mean metrics of a test set: the network's and those of interpolation."""
    out = run_folder / pathlib.Path(name).stem
    run("test", "--checkpoint", run_folder / "last.cfk", "--data", DATA / name, "--out", out, "--no-pictures")
    result = json.loads((out / "metrics.json").read_text())
    return result["network"]["mean"], result["EXP"]["mean"]


def check_exp(name, exp):
    for metric, expected in zip(("SAM", "ERGAS", "Q2n"), EXP[name]):
        expect(abs(exp[metric] - expected) <= 0.5e-4, f"{name}: EXP {metric} {exp[metric]:.4f}, expected {expected:.4f}")


def main():
    if not DATA.is_dir():
        print(f"skipped: no real data in {DATA} (set CF_REAL_DATA)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        wv2, landsat = pathlib.Path(folder) / "wv2", pathlib.Path(folder) / "landsat"
        train("cf2n_wv2_sample.json", 100, wv2)
        network, exp = measure(wv2, "test_wv2_rr.h5")
        check_exp("test_wv2_rr.h5", exp)
        expect(network["ERGAS"] < CLASSICAL["ERGAS"], f"100 steps: ERGAS {network['ERGAS']:.4f} below {CLASSICAL['ERGAS']}")
        expect(network["Q2n"] > CLASSICAL["Q2n"], f"100 steps: Q2n {network['Q2n']:.4f} above {CLASSICAL['Q2n']}")
        check_exp("test_wv3_rr.h5", measure(wv2, "test_wv3_rr.h5")[1])
        train("cf2n_landsat7_sample.json", 2, landsat)
        check_exp("test_landsat7_rr.h5", measure(landsat, "test_landsat7_rr.h5")[1])
    print(f"{len(failures)} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
