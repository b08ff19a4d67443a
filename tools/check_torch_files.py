#!/usr/bin/env python3
"""Compares what `cfrun convert` reads of files that torch.save and numpy.savez wrote with what Python reads of them.

    tools/check_torch_files.py CFRUN

Needs torch and numpy; no test calls it. Each file is converted to safetensors, which is parsed here.
"""
import collections
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

CFRUN = sys.argv[1]
TYPES = {"F32": np.float32, "F64": np.float64, "BF16": np.uint16, "I64": np.int64, "U8": np.uint8, "U16": np.uint16}


class Malicious:
    def __reduce__(self):
        return print, ("executed",)


def convert(path):
    """Names to arrays, as cfrun reads them."""
    out = path.with_suffix(".safetensors")
    done = subprocess.run([CFRUN, "convert", str(path), str(out)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    data = out.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin:8 + length + end], TYPES[entry["dtype"]])
        arrays[name] = values.reshape(entry["shape"])
    return arrays


def expected(value):
    """The same of a tensor or an array, in the types that cfrun has."""
    if isinstance(value, torch.Tensor):
        value = value.detach().contiguous()
        if value.dtype == torch.bfloat16:
            return value.view(torch.int16).numpy().view(np.uint16)
        value = value.numpy()
    if value.dtype == np.float16:
        return value.astype(np.float32)
    if value.dtype == np.bool_:
        return value.astype(np.uint8)
    return value.astype(np.int64) if value.dtype.kind == "i" else value


def state_dict():
    network = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 3), torch.nn.BatchNorm2d(6), torch.nn.ConvTranspose2d(6, 2, 2),
                                  torch.nn.Linear(5, 3), torch.nn.LayerNorm(3))
    return network.state_dict()


def contents():
    """What is saved, and the names and values that should come back."""
    torch.manual_seed(0)
    plain = state_dict()
    base = torch.randn(4, 5, 6)
    odd = {"turned": base.permute(2, 0, 1), "part": base[1:3, ::2], "row": base[2, 3], "scalar": torch.tensor(3.5),
           "expanded": torch.arange(3.0).expand(4, 3), "empty": torch.zeros(0, 3), "last": base.to(memory_format=torch.contiguous_format),
           "channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)}
    types = {str(t): torch.arange(-4, 9).to(t) for t in
             (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
              torch.uint8, torch.bool)}
    types["extremes"] = torch.tensor([6e-8, 65504, float("inf"), -0.0, 1e-5]).half()
    parameters = {"weight": torch.nn.Parameter(torch.randn(3, 3)), "list": [torch.ones(2), torch.zeros(1)]}
    run = {"epoch": 3, "loss": 0.25, "best": None, "args": {"lr": 1e-3, "name": "run"}, "big": 1 << 80, "flags": (True, False),
           "state_dict": collections.OrderedDict(("module." + k, v) for k, v in plain.items())}
    return {
        "plain": (plain, plain),
        "odd": (odd, odd),
        "types": (types, types),
        "parameters": (parameters, {"weight": parameters["weight"], "list.0": torch.ones(2), "list.1": torch.zeros(1)}),
        "run": (run, plain),
        "ema": ({"model": plain, "ema": {k: v * 2 for k, v in plain.items()}}, {k: v * 2 for k, v in plain.items()}),
    }


failures = 0


def report(ok, what, detail=""):
    global failures
    failures += 0 if ok else 1
    print(("ok    " if ok else "WRONG ") + what + detail)


def compare(path, want, what):
    try:
        got = convert(path)
    except RuntimeError as error:
        return report(False, what, f": {error}")
    wrong = sorted(set(got) ^ set(want))
    for name in set(got) & set(want):
        wanted = expected(want[name])
        if got[name].shape != wanted.shape or got[name].dtype != wanted.dtype or got[name].tobytes() != np.ascontiguousarray(wanted).tobytes():
            wrong.append(name)
    report(not wrong, f"{what}: {len(got)} tensors", f", wrong: {wrong}" if wrong else "")


def refused(path, words, what):
    try:
        convert(path)
        report(False, what, ": was read")
    except RuntimeError as error:
        report(all(word in str(error) for word in words), what, f": {error}")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for what, (saved, want) in contents().items():
            for kind, options in (("zip", {}), ("zip, pickle protocol 4", {"pickle_protocol": 4}),
                                  ("sequential", {"_use_new_zipfile_serialization": False})):
                path = folder / "file.pth"
                torch.save(saved, path, **options)
                compare(path, want, f"{what} ({kind})")
        for options in ({}, {"_use_new_zipfile_serialization": False}):
            torch.save({"x": torch.ones(2), "y": Malicious()}, folder / "bad.pth", **options)
            refused(folder / "bad.pth", [".print", "refused"], "a call")
            torch.save(torch.nn.Linear(2, 2), folder / "bad.pth", **options)
            refused(folder / "bad.pth", ["torch.nn.modules.linear.Linear", "refused"], "a whole module")
        arrays = {"c": np.random.randn(3, 4), "fortran": np.asfortranarray(np.random.randn(3, 4, 5).astype(np.float32)),
                  "half": np.arange(5, dtype=np.float16), "u2": np.arange(5, dtype=np.uint16), "i4": np.arange(-2, 5, dtype=np.int32),
                  "flags": np.array([True, False]), "scalar": np.float64(2.5)}
        np.savez(folder / "a.npz", **arrays)
        compare(folder / "a.npz", {k: np.asarray(v) for k, v in arrays.items()}, "npz")
        np.savez_compressed(folder / "b.npz", zeros=np.zeros((1000, 1000)))
        compare(folder / "b.npz", {"zeros": np.zeros((1000, 1000))}, "npz, compressed")
        np.save(folder / "single.npy", arrays["fortran"])
        compare(folder / "single.npy", {"single": arrays["fortran"]}, "npy")
        np.savez(folder / "c.npz", o=np.array([{}], dtype=object))
        refused(folder / "c.npz", ["|O"], "pickled arrays")
    print(f"{failures} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
