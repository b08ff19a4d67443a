#!/usr/bin/env python3
"""Times the locally adaptive convolution of CF2N, written with unfold in PyTorch, forward and backward: vs_torch.py's partner.

Prints one line of JSON as bench_torch.py does.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn.functional as F


def laconv(x, spatial, channel, weight, bias):
    """x (N, C, H, W), spatial (N, k k, H, W), channel (N, C, H, W), weight (O, C, k, k) -> (N, O, H, W)"""
    n, c, h, w = x.shape
    o, _, k, _ = weight.shape
    patches = F.unfold(x, k, padding=k // 2).view(n, c, k * k, h * w)
    scaled = patches * spatial.view(n, 1, k * k, h * w) * channel.view(n, c, 1, h * w)
    out = weight.view(o, c * k * k) @ scaled.view(n, c * k * k, h * w)
    return (out + bias.view(1, o, 1)).view(n, o, h, w)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("batch", 8), ("size", 64), ("channels", 32), ("kernel", 3), ("threads", 2), ("runs", 10)):
        p.add_argument("--" + name, type=int, default=default)
    p.add_argument("--compile", action="store_true")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    shape = (a.batch, a.channels, a.size, a.size)
    spatial = torch.rand(a.batch, a.kernel * a.kernel, a.size, a.size)
    weight = torch.randn(a.channels, a.channels, a.kernel, a.kernel) / (a.kernel * a.channels**0.5)
    inputs = [torch.randn(shape), spatial, torch.rand(shape), weight, torch.zeros(a.channels)]
    inputs = [t.requires_grad_() for t in inputs]
    seed = torch.randn(shape)
    forward = torch.compile(laconv) if a.compile else laconv

    def step():
        torch.autograd.grad(forward(*inputs), inputs, seed)

    for _ in range(3):
        step()
    times = []
    for _ in range(a.runs):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"median_ms": round(statistics.median(times), 3), "min_ms": round(min(times), 3), "peak_mb": round(peak, 1),
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
