#!/usr/bin/env bash
# Sets up, builds and runs all the tests. Further arguments go to ctest, for example: tools/test.sh -R gradcheck
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
build=${CF_BUILD_DIR:-build/test}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCF_CUDA=OFF
cmake --build "$build"
# Two tests run at once, each with as many threads as there are cores: waiting threads must not spin.
export OMP_WAIT_POLICY=passive
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" "$@"
