#!/usr/bin/env python3
"""Reads a folder of TensorBoard event files with TensorBoard's own package and compares what it finds with expected.json.

  tools/check_events.py FOLDER [--install VENV]

expected.json: {"scalars": {tag: [[step, value], ...]}, "images": {tag: [{"step", "width", "height"}, ...]},
"texts": {tag: JSON value that the text holds}}. Without expected.json, prints what was found in that form.

Where the package is not importable, --install makes a virtual environment VENV with it (from PyPI). Exit code 77, with the
reason, where that cannot be had; 1 where something differs.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

SKIPPED = 77


def importable(python):
    command = [python, "-c", "import tensorboard.backend.event_processing.event_accumulator"]
    return subprocess.run(command, capture_output=True).returncode == 0


def install(venv):
    """The Python of a virtual environment that has tensorboard, or the reason why there is none."""
    python = venv / "bin" / "python"
    if python.exists() and importable(python):
        return python, ""
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", "--retries", "0", "--timeout", "20", "tensorboard"],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            return None, f"{' '.join(command[:4])} ...: {lines[-1]}"
    return python, ""


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    found = {"scalars": {}, "images": {}, "texts": {}}
    for tag in tags["scalars"]:
        found["scalars"][tag] = [[e.step, e.value] for e in events.Scalars(tag)]
    for tag in tags["images"]:
        found["images"][tag] = [{"step": e.step, "width": e.width, "height": e.height} for e in events.Images(tag)]
    # Older event files' scalars and images show as tensors in newer versions of the package.
    for tag in tags["tensors"]:
        plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
        for event in events.Tensors(tag):
            proto = event.tensor_proto
            if plugin == "scalars":
                found["scalars"].setdefault(tag, []).append([event.step, proto.float_val[0]])
            elif plugin == "images":
                width, height = (int(text) for text in proto.string_val[:2])
                found["images"].setdefault(tag, []).append({"step": event.step, "width": width, "height": height})
            elif plugin == "text":
                found["texts"][tag] = json.loads(proto.string_val[0].decode())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--install", type=pathlib.Path, metavar="VENV")
    arguments = parser.parse_args()
    if not importable(sys.executable):
        if arguments.install is None:
            print("skipped: the Python package tensorboard is not installed")
            return SKIPPED
        python, reason = install(arguments.install)
        if python is None:
            print(f"skipped: the Python package tensorboard cannot be installed: {reason}")
            return SKIPPED
        return subprocess.run([python, os.path.abspath(__file__), str(arguments.folder)]).returncode
    found = read(arguments.folder)
    expectation = arguments.folder / "expected.json"
    if not expectation.exists():
        print(json.dumps(found, indent=2))
        return 0
    expected = json.loads(expectation.read_text())
    if found != expected:
        print(f"expected {json.dumps(expected)}\nfound    {json.dumps(found)}")
        return 1
    print("TensorBoard reads what was written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
