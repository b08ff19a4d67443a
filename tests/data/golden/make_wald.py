#!/usr/bin/env python3
"""Writes wald.json: a scene degraded by Wald's protocol, by an independent NumPy implementation.

Usage: make_wald.py REFERENCE_FOLDER (the one with metrics_ref.py). MS and PAN are those of wald_scene() in
tests/data/simulate_scene_test.cpp: MS 96 x 112 pixels, PAN `ratio` times as many.
"""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import metrics_ref as ref  # noqa: E402


def scene(ratio, bands):
    y, x, b = np.mgrid[0:96, 0:112, 0:bands].astype(float)
    ms = 900 + 40 * b + 250 * np.sin(0.13 * x * (1 + 0.05 * b)) * np.cos(0.09 * y) + 90 * np.sin(0.8 * x + 0.6 * y + b)
    v, u = np.mgrid[0:96 * ratio, 0:112 * ratio].astype(float)
    pan = 950 + 240 * np.sin(0.13 * u / ratio) * np.cos(0.09 * v / ratio) + 120 * np.sin(0.7 * u + 0.4 * v)
    # The rasters hold f32.
    return ms.astype(np.float32).astype(float), pan.astype(np.float32).astype(float)


def probes(image):
    image = image if image.ndim == 3 else image[..., None]
    return [image[0, 0, 0], image[-1, -1, -1], image[5, 7, 0], image[3, -2, -1], image.sum(), (image**2).sum()]


def case(ratio, sensor, bands):
    ms, pan = scene(ratio, bands)
    low = ref.mtf(ms, sensor, ratio)[ratio // 2::ratio, ratio // 2::ratio]
    return {"ms": probes(low), "pan": probes(ref.imresize(pan[..., None], 1 / ratio)), "lms_inside": probes(ref.interp23(low, ratio)[44:52, 48:64])}


cases = {"2 none 3": case(2, "none", 3), "4 QB 4": case(4, "QB", 4), "4 WV3 8": case(4, "WV3", 8)}
pathlib.Path(__file__).with_name("wald.json").write_text(json.dumps(cases, indent=1) + "\n")
