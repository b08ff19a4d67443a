#!/usr/bin/env python3
"""Trains for a moment on real imagery and measures it, through the program itself.

    tests/real/real_data.py CFRUN SOURCE_DIR

The data are expected in $CF_REAL_DATA, by default ../shared/data beside the checkout; without them the test is skipped (exit
code 77). Checked are the figures of plain interpolation (EXP) and of classical methods, which depend on readers, scaling and metrics but
not on training, and that a hundred steps beat the classical method MTF-GLP-FS.
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
       "test_gf2_rr.h5": (2.5464, 3.2295, 0.8198), "test_landsat7_rr.h5": (3.1157, 2.5930, 0.6731)}
# Classical methods: the same, from an independent implementation.
CLASSICAL = {
    "test_wv2_rr.h5": {"Brovey": (8.2314, 7.9628, 0.6701), "GSA": (9.4088, 5.3317, 0.8314), "MTF-GLP-FS": (8.5533, 4.9387, 0.8378)},
    "test_wv3_rr.h5": {"Brovey": (6.1976, 9.2608, 0.6326), "GSA": (5.7162, 5.1481, 0.8183), "MTF-GLP-FS": (5.5314, 5.0162, 0.8470)},
    "test_gf2_rr.h5": {"Brovey": (2.5464, 4.2648, 0.6737), "GSA": (3.0614, 2.7698, 0.8066), "MTF-GLP-FS": (2.8211, 2.2948, 0.8411)},
    "test_landsat7_rr.h5": {"Brovey": (3.1157, 5.4681, 0.5613), "GSA": (2.8948, 2.3659, 0.7531), "MTF-GLP-FS": (2.8380, 2.3383, 0.7507)},
}

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


def measure(run_folder, name, *overrides):
    """Mean metrics of a test set, method by method, those that need no training checked."""
    out = run_folder / pathlib.Path(name).stem
    words = [word for override in overrides for word in ("--set", override)]
    run("test", "--checkpoint", run_folder / "last.cfk", "--data", DATA / name, "--out", out, "--no-pictures", "--baselines", *words)
    result = json.loads((out / "metrics.json").read_text())
    check_figures(name, "EXP", result["EXP"]["mean"], EXP[name], 0.5e-4)
    for method, figures in CLASSICAL[name].items():
        check_figures(name, method, result[method]["mean"], figures, 2e-4)
    return result["network"]["mean"]


def check_figures(name, method, means, figures, tolerance):
    for metric, expected in zip(("SAM", "ERGAS", "Q2n"), figures):
        expect(abs(means[metric] - expected) <= tolerance,
               f"{name}: {method} {metric} {means[metric]:.4f}, expected {expected:.4f}")


def main():
    if not DATA.is_dir():
        print(f"skipped: no real data in {DATA} (set CF_REAL_DATA)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        wv2, landsat = pathlib.Path(folder) / "wv2", pathlib.Path(folder) / "landsat"
        train("cf2n_wv2_sample.json", 100, wv2)
        network = measure(wv2, "test_wv2_rr.h5")
        _, ergas, q2n = CLASSICAL["test_wv2_rr.h5"]["MTF-GLP-FS"]
        expect(network["ERGAS"] < ergas, f"100 steps: ERGAS {network['ERGAS']:.4f} below {ergas}")
        expect(network["Q2n"] > q2n, f"100 steps: Q2n {network['Q2n']:.4f} above {q2n}")
        measure(wv2, "test_wv3_rr.h5", "data.sensor=wv3")
        train("cf2n_landsat7_sample.json", 2, landsat)
        measure(landsat, "test_landsat7_rr.h5")
        measure(landsat, "test_gf2_rr.h5", "data.sensor=gf2", "data.scale=1023")
    print(f"{len(failures)} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
