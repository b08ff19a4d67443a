#!/usr/bin/env python3
"""Times `cfrun fuse` on scenes of growing size and prints the tables of docs/benchmarks.md as Markdown.

    tools/bench/scenes.py                                   CF2N on .25 to 16 MP, the classical methods and GDAL on 16 MP
    tools/bench/scenes.py --sizes 512,1024 --rounds 1       a quick look
    tools/bench/scenes.py --large 10000 --large-channels 8  the classical methods and, once, a narrow CF2N on 100 MP as well

Scenes are synthetic: PAN of N x N pixels, eight bands of MS of N/4 x N/4, u16 with 11 bits, tiled and uncompressed. The network is
CF2N of few channels, trained for two steps: time does not depend on what it learned. Runs are interleaved: every round runs every
size once, so that a machine whose speed drifts does not spoil one size alone; what counts is the median over the rounds. Times are
those of whole processes.

Time is fitted as a + b x (computed pixels), the sum of the squares of the relative deviations being the least that is possible.
Computed pixels are those of the fusing pass, tiles' halos included, as the program counts them, and those of the survey before, a
pixel of which counts as much less as it takes fewer multiplications (--survey-share).

Run it on a machine that does nothing else. Threads wait passively (OMP_WAIT_POLICY), unless the environment
says otherwise, so that CPU time is work.

Needs Python's GDAL and numpy (Debian's python3-gdal) and, for the comparison, gdal_pansharpen.py.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parents[2]
RATIO = 4
BANDS = 8
CLASSICAL = ("exp", "brovey", "gsa", "bt-h", "mtf-glp-fs")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cfrun", default=str(root / "build/release/cfrun"))
    p.add_argument("--sizes", default="512,1024,2048,4096", help="sides of PAN for CF2N (default: %(default)s); empty: none")
    p.add_argument("--channels", type=int, default=16, help="of CF2N (default: %(default)s)")
    p.add_argument("--classical", default="4096", help="sides of PAN for exp, brovey and GDAL (default: %(default)s); empty: none")
    p.add_argument("--large", type=int, default=0, help="side of PAN for all classical methods, GDAL and one CF2N; 0: none")
    p.add_argument("--large-channels", type=int, default=8, help="of that CF2N; 0: without it (default: %(default)s)")
    p.add_argument("--rounds", type=int, default=3, help="of CF2N (default: %(default)s)")
    p.add_argument("--pairs", type=int, default=5, help="rounds of the classical methods (default: %(default)s)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--max-memory", default="2G")
    p.add_argument("--survey-share", type=float, default=48 / 384, help="multiplications of a surveyed pixel over a fused one's")
    p.add_argument("--folder", help="for scenes and results; scenes that are there are used again (default: one that goes)")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    a.sizes = [int(n) for n in a.sizes.split(",") if n]
    a.classical = [int(n) for n in a.classical.split(",") if n]
    for n in a.sizes + a.classical + [a.large]:
        if n % RATIO:
            p.error(f"a side of {n} pixels is no multiple of {RATIO}")
    a.cfrun = str(pathlib.Path(a.cfrun).resolve())
    if not os.access(a.cfrun, os.X_OK):
        p.error(f"{a.cfrun}: no such program; build it, or name it with --cfrun")
    return a


def libraries():
    try:
        import numpy
        from osgeo import gdal, osr
    except ImportError as error:
        sys.exit(f"{error}: this needs numpy and GDAL for {sys.executable} (Debian: apt-get install python3-gdal, /usr/bin/python3)")
    gdal.UseExceptions()
    return numpy, gdal, osr


def make_scene(folder, side, seed):
    """pan.tif and ms.tif: waves, fields with sharp borders and noise, strip by strip."""
    if (folder / "done").exists():
        return folder
    np, gdal, osr = libraries()
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32635)
    low_side = side // RATIO

    def create(name, n, bands, step):
        raster = gdal.GetDriverByName("GTiff").Create(str(folder / name), n, n, bands, gdal.GDT_UInt16,
                                                      ["TILED=YES", "INTERLEAVE=" + ("PIXEL" if bands > 1 else "BAND")])
        raster.SetGeoTransform((500000, step, 0, 4500000, 0, -step))
        raster.SetProjection(crs.ExportToWkt())
        return raster

    pan, ms = create("pan.tif", side, 1, 0.5), create("ms.tif", low_side, BANDS, 0.5 * RATIO)
    digits = lambda values: np.clip(values, 1, 2047).astype(np.uint16)
    strip = 64
    for row in range(0, low_side, strip):
        n = min(strip, low_side - row)
        y = (np.arange(n * RATIO) + row * RATIO)[:, None] / RATIO
        x = np.arange(side)[None, :] / RATIO
        fields = ((y // 9).astype(int) * 7 + (x // 13).astype(int) * 5) % 4
        ground = 600 + 200 * np.sin(y / 17) * np.cos(x / 23) + 120 * np.sin((x + y) / 5) + 150 * fields
        pan.GetRasterBand(1).WriteArray(digits(ground + random.normal(0, 25, ground.shape)), 0, row * RATIO)
        low = ground.reshape(n, RATIO, low_side, RATIO).mean((1, 3))
        for band in range(BANDS):
            values = low * (0.4 + 0.15 * band) + 40 * band + random.normal(0, 8, low.shape)
            ms.GetRasterBand(band + 1).WriteArray(digits(values), 0, row)
    del pan, ms
    (folder / "done").touch()
    return folder


def run(command, threads, folder=None):
    """Seconds on the clock and of the processors that a process took."""
    environment = dict(os.environ, OMP_WAIT_POLICY=os.environ.get("OMP_WAIT_POLICY", "passive"), OMP_NUM_THREADS=str(threads), GDAL_NUM_THREADS=str(threads))
    before, begin = os.times(), time.monotonic()
    done = subprocess.run([str(c) for c in command], cwd=folder, env=environment, capture_output=True, text=True)
    seconds, after = time.monotonic() - begin, os.times()
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed ({done.returncode}):\n{done.stderr[-2000:]}{done.stdout[-2000:]}")
    return seconds, after.children_user - before.children_user + after.children_system - before.children_system


def make_checkpoint(a, folder, channels):
    checkpoint = folder / f"cf2n_{channels}" / "last.cfk"
    if checkpoint.exists():
        return checkpoint
    if not (folder / "data").exists():
        run([a.cfrun, "synth", folder / "data", "--sensor", "wv3", "--bands", BANDS, "--size", 192], a.threads)
    run([a.cfrun, "train", root / "configs/cf2n_wv3.json", "--set", f"data.dir={folder / 'data'}", "--set", f"model.cf2n.channels={channels}",
         "--set", "schedule.name=constant", "--set", "schedule.steps=2", "--set", "train.batch=2", "--set", "train.validate_every=0",
         "--out", checkpoint.parent], a.threads)
    return checkpoint


@dataclasses.dataclass
class Run:
    seconds: float
    cpu: float
    summary: dict

    @property
    def memory(self):
        return self.summary["peak_bytes"] / 2**20

    @property
    def waiting(self):
        return self.summary["seconds"]["waiting"] / self.seconds


def fuse(a, scene, folder, method):
    """`method`: a checkpoint or a classical method's name."""
    output, summary = folder / "out.tif", folder / "summary.json"
    for file in (output, summary):
        file.unlink(missing_ok=True)
    named = ["--checkpoint", method] if isinstance(method, pathlib.Path) else ["--method", method]
    command = [a.cfrun, "fuse", *named, "--pan", scene / "pan.tif", "--ms", scene / "ms.tif", "-o", output, "--compress", "none",
               "--threads", a.threads, "--max-memory", a.max_memory, "--json", summary]
    if named[0] == "--checkpoint":
        command += ["--bit-depth", 11]
    if method == "mtf-glp-fs":
        command += ["--sensor", "wv3"]
    seconds, cpu = run(command, a.threads)
    result = Run(seconds, cpu, json.loads(summary.read_text()))
    output.unlink()
    return result


def gdal_pansharpen(a, scene, folder):
    output = folder / "gdal.tif"
    output.unlink(missing_ok=True)
    seconds, cpu = run(["gdal_pansharpen.py", "-q", "-threads", a.threads, "-co", "TILED=YES", scene / "pan.tif", scene / "ms.tif", output],
                       a.threads)
    output.unlink()
    return Run(seconds, cpu, {})


def median_of(runs, value):
    return statistics.median(value(r) for r in runs)


def computed(a, r):
    """Megapixels, those of the survey by their share."""
    tiles = r.summary["tiles"]
    return (tiles["computed_pixels"] + a.survey_share * tiles["surveyed_pixels"]) / 1e6


def fit(points):
    """a and b of t = a + b x with the least sum of ((a + b x) / t - 1)^2."""
    weights = [1 / t**2 for _, t in points]
    total = sum(weights)
    x = sum(w * p[0] for w, p in zip(weights, points)) / total
    t = sum(w * p[1] for w, p in zip(weights, points)) / total
    spread = sum(w * (p[0] - x) ** 2 for w, p in zip(weights, points))
    b = sum(w * (p[0] - x) * (p[1] - t) for w, p in zip(weights, points)) / spread if spread > 0 else t / x
    return t - b * x, b


def megapixels(side):
    return f"{side * side / 1e6:.3g} MP"


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure_network(a, folder):
    checkpoint = make_checkpoint(a, folder, a.channels)
    scenes = {side: make_scene(folder / f"s{side}", side, a.seed) for side in a.sizes}
    runs = {side: [] for side in a.sizes}
    for r in range(a.rounds):
        for side in a.sizes:
            result = fuse(a, scenes[side], folder, checkpoint)
            runs[side].append(result)
            say(f"round {r + 1}: CF2N, {megapixels(side)}: {result.seconds:.2f} s, {result.cpu:.2f} s of the processors")
    points = [(computed(a, runs[side][0]), median_of(runs[side], lambda r: r.seconds)) for side in a.sizes]
    constant, slope = fit(points)
    print(f"CF2N of {a.channels} channels, {BANDS} bands, {a.threads} threads, medians of {a.rounds} rounds, --max-memory {a.max_memory}\n")
    print("| PAN | pixels | computed, with the survey | time | of it the survey | a + b x computed | deviation | CPU time | waited for files | peak memory |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    worst = 0
    for side, (x, t) in zip(a.sizes, points):
        line = runs[side]
        deviation = (constant + slope * x) / t - 1
        worst = max(worst, abs(deviation))
        print(f"| {side} x {side} | {megapixels(side)} | {x:.2f} MP | {t:.2f} s | {median_of(line, lambda r: r.summary['seconds']['surveying']):.2f} s | "
              f"{constant + slope * x:.2f} s | {100 * deviation:+.1f} % | {median_of(line, lambda r: r.cpu):.2f} s | {100 * median_of(line, lambda r: r.waiting):.1f} % | "
              f"{median_of(line, lambda r: r.memory):.0f} MiB |")
    print(f"\na = {constant:.2f} s, b = {slope:.3f} s per computed MP; the largest deviation is {100 * worst:.1f} % (asked: 5 %)")
    points = [(x, median_of(runs[side], lambda r: r.cpu)) for side, (x, _) in zip(a.sizes, points)]
    constant, slope = fit(points)
    worst = max(abs((constant + slope * x) / t - 1) for x, t in points)
    print(f"CPU time, which other work on the machine disturbs less: a = {constant:.2f} s, b = {slope:.3f} s per computed MP; the largest deviation is "
          f"{100 * worst:.1f} %\n", flush=True)


def measure_classical(a, folder, side, methods, pairs):
    scene = make_scene(folder / f"s{side}", side, a.seed)
    names = list(methods) + (["gdal_pansharpen"] if shutil.which("gdal_pansharpen.py") else [])
    if "gdal_pansharpen" not in names:
        say("gdal_pansharpen.py is not installed: no comparison")
    runs = {name: [] for name in names}
    for r in range(pairs + 1):
        for name in names:
            result = gdal_pansharpen(a, scene, folder) if name == "gdal_pansharpen" else fuse(a, scene, folder, name)
            if r > 0 or pairs == 1:  # the first round warms the files' cache
                runs[name].append(result)
            say(f"round {r}: {name}, {megapixels(side)}: {result.seconds:.2f} s, {result.cpu:.2f} s of the processors")
        if pairs == 1:
            break
    theirs = runs.get("gdal_pansharpen")
    print(f"{megapixels(side)}, {BANDS} bands of u16, uncompressed tiles, {a.threads} threads, medians of {pairs} rounds in turn\n")
    print("| method | time | GDAL's time over it | CPU time | waited for files | peak memory |")
    print("|---|---|---|---|---|---|")
    for name in names:
        line = runs[name]
        ratio = f"{statistics.median(g.seconds / r.seconds for g, r in zip(theirs, line)):.2f}" if theirs and name != "gdal_pansharpen" else ""
        rest = f"{100 * median_of(line, lambda r: r.waiting):.0f} % | {median_of(line, lambda r: r.memory):.0f} MiB" if line[0].summary else " | "
        print(f"| {name} | {median_of(line, lambda r: r.seconds):.2f} s | {ratio} | {median_of(line, lambda r: r.cpu):.2f} s | {rest} |")
    print(flush=True)


def measure_large_network(a, folder):
    scene = make_scene(folder / f"s{a.large}", a.large, a.seed)
    checkpoint = make_checkpoint(a, folder, a.large_channels)
    r = fuse(a, scene, folder, checkpoint)
    x = computed(a, r)
    print(f"CF2N of {a.large_channels} channels, {megapixels(a.large)}, once: {x:.1f} MP computed in {r.seconds:.1f} s ({r.seconds / x:.3f} s per MP), "
          f"{r.cpu:.0f} s of the processors; waited for files {100 * r.waiting:.1f} %; peak memory {r.memory:.0f} MiB\n", flush=True)


def processor():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    a = arguments()
    with tempfile.TemporaryDirectory(prefix="scenes") as temporary:
        folder = pathlib.Path(a.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {os.cpu_count()} processors\n", flush=True)
        if a.sizes:
            measure_network(a, folder)
        for side in a.classical:
            measure_classical(a, folder, side, ("exp", "brovey"), a.pairs)
        if a.large:
            measure_classical(a, folder, a.large, CLASSICAL, 1)
            if a.large_channels:
                measure_large_network(a, folder)


if __name__ == "__main__":
    main()
