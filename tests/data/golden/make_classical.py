#!/usr/bin/env python3
"""Writes classical.json: classical methods on a closed-form scene, by an independent NumPy implementation.

Usage: make_classical.py REFERENCE_FOLDER (the one with classical.py and metrics_ref.py). The scene is closed_form_scene() of
tests/data/scene.h as ground truth, degraded by Wald's protocol. EXP, Brovey, GSA and MTF-GLP-FS are what classical.py hands to
its metrics; BT-H, and the toolbox's variants of Brovey and GSA, are computed here. Values are in DN.
"""
import json
import pathlib
import sys
import tempfile

import h5py
import numpy as np
from scipy.ndimage import correlate

sys.path.insert(0, sys.argv[1])
import metrics_ref as ref  # noqa: E402


def run_reference(images, sensor):
    """{method: fused image} of classical.py, which computes on import and shows its images to the metrics only."""
    seen = []
    sam = ref.sam
    ref.sam = lambda gt, fused: seen.append(fused) or 0.0
    ref.q2n = lambda gt, fused: 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "scene.h5"
        with h5py.File(path, "w") as file:
            for name, image in images.items():
                file[name] = np.moveaxis(image, -1, 0)[None]
        arguments, sys.argv = sys.argv, ["classical.py", str(path), sensor]
        source = pathlib.Path(arguments[1]) / "classical.py"
        exec(compile(source.read_text(), str(source), "exec"), {"__file__": str(source), "__name__": "classical"})
        sys.argv = arguments
    ref.sam = sam
    fused = dict(zip(("exp", "brovey", "gsa", "mtf-glp-fs"), seen))
    # classical.py divides a covariance with n - 1 by a variance with n; here both have n - 1.
    n = images["lms"][..., 0].size
    fused["gsa"] = images["lms"] + (fused["gsa"] - images["lms"]) * (n - 1) / n
    return fused


def gauss_kernel(ratio, n=41):
    """The toolbox's LPfilterGauss."""
    alpha = n / (2 * ratio) / np.sqrt(-2 * np.log(0.3))
    t = np.arange(n) - n // 2
    response = np.exp(-(t[:, None] ** 2 + t[None] ** 2) / (2 * alpha**2))
    impulse = np.real(np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(response))))
    radius = np.hypot(t[:, None], t[None]) / (n // 2)
    window = np.interp(radius, t / (n // 2), np.kaiser(n, 0.5))
    window[radius > 1] = 0
    return impulse * window


def bt_h(pan, lms, ratio):
    bands = lms.shape[-1]
    flat = lms.reshape(-1, bands)
    if bands == 4:
        haze = np.array([0.95, 0.45, 0.40, 0.05]) * np.percentile(flat, 1, axis=0, method="hazen")
    else:
        haze = flat.min(0)
    low = correlate(pan, gauss_kernel(ratio), mode="nearest")
    weights = np.linalg.lstsq(flat, low.ravel(), rcond=None)[0]
    intensity = (lms - haze) @ weights
    fitted = (pan - low.mean()) * intensity.std() / low.std() + intensity.mean()
    return np.maximum(lms - haze, 0) * (fitted / intensity)[..., None] + haze


def toolbox_brovey(pan, lms):
    intensity = lms.mean(-1)
    fitted = (pan - pan.mean()) * intensity.std() / pan.std() + intensity.mean()
    return lms * (fitted / intensity)[..., None]


def toolbox_gsa(pan, ms, lms, ratio):
    low = correlate(pan, gauss_kernel(ratio), mode="nearest")[ratio // 2::ratio, ratio // 2::ratio]
    columns = np.c_[ms.reshape(-1, ms.shape[2]), np.ones(low.size)]
    weights = np.linalg.lstsq(columns, low.ravel(), rcond=None)[0]
    intensity = lms @ weights[:-1] + weights[-1]
    gains = [np.cov(intensity.ravel(), lms[..., b].ravel())[0, 1] / intensity.var(ddof=1) for b in range(lms.shape[2])]
    return lms + np.array(gains) * (pan - pan.mean() + intensity.mean() - intensity)[..., None]


def probes(image):
    return [image[0, 0, 0], image[5, 9, -1], image[63, 64, 1], image[127, 127, -1], *image.mean((0, 1)), *image.std((0, 1))]


def case(bands, sensor):
    gt, _, pan = ref.scene(128, bands)
    ms = ref.mtf(gt, sensor)[2::4, 2::4]
    lms = ref.interp23(ms, 4)
    fused = run_reference({"gt": gt, "ms": ms, "lms": lms, "pan": pan[..., None]}, sensor)
    fused["bt-h"] = bt_h(pan, lms, 4)
    fused["brovey toolbox"] = toolbox_brovey(pan, lms)
    fused["gsa toolbox"] = toolbox_gsa(pan, ms, lms, 4)
    return {name: probes(image) for name, image in fused.items()}


cases = {"wv3 8": case(8, "WV3"), "none 4": case(4, "none"), "wv2 8": case(8, "WV2")}
pathlib.Path(__file__).with_name("classical.json").write_text(json.dumps(cases, indent=1) + "\n")
