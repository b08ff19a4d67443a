#!/usr/bin/env python3
"""Writes bands.json: metrics of images with many bands, as the NumPy reference defines them.

Usage: make_bands.py REFERENCE_FOLDER (the one with metrics_ref.py). The scene is closed_form_scene() of tests/data/scene.h.
"""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import metrics_ref as ref  # noqa: E402


def scene(n, bands):
    y, x, b = np.mgrid[0:n, 0:n, 0:bands].astype(float)
    gt = 800 + 37 * b + 300 * np.sin(0.11 * x * (1 + 0.05 * b)) * np.cos(0.07 * y) + 120 * np.sin(0.9 * x + 0.5 * y + b)
    return gt, gt + 30 * np.sin(1.7 * x - 1.1 * y + 0.6 * b) + 5 * b


def metrics(n, bands):
    gt, fused = scene(n, bands)
    correlations = [np.corrcoef(gt[..., b].ravel(), fused[..., b].ravel())[0, 1] for b in range(bands)]
    return {
        "PSNR": ref.psnr_band(gt, fused, 2047),
        "SAM": ref.sam(gt, fused),
        "ERGAS": ref.ergas(gt, fused),
        "CC": float(np.mean(correlations)),
        "SSIM": ref.ssim_wang(gt, fused, 2047),
        "Q2n": ref.q2n(gt, fused),
    }


cases = {f"B{bands}_n{n}": metrics(n, bands) for bands, n in [(1, 64), (13, 64), (16, 80), (102, 64), (191, 50)]}
pathlib.Path(__file__).with_name("bands.json").write_text(json.dumps(cases, indent=1) + "\n")
