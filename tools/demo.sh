#!/usr/bin/env bash
# The main job in about five minutes after set-up, on two cores without a GPU: makes a scene, trains CF2N on it, tests the
# result against plain interpolation and leaves pictures. Everything lands in the folder demo/.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
build=${CF_BUILD_DIR:-build/demo}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCF_CUDA=OFF
cmake --build "$build" --target cfrun

cfrun=$PWD/$build/cfrun
mkdir -p demo
if [ ! -f demo/data/train_wv3.h5 ]; then
  echo "demo: making a scene (demo/data)"
  "$cfrun" synth demo/data --sensor wv3 --bands 8 --size 384 --seed 1
fi
rm -rf demo/run demo/test
echo "demo: training CF2N (configs/demo.json)"
"$cfrun" train configs/demo.json --out demo/run
echo "demo: testing"
"$cfrun" test --checkpoint demo/run/best.cfk --out demo/test
echo "demo: pictures, metrics and fused images are in demo/test; open demo/test/report.html in a browser"
