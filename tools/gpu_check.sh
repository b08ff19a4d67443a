#!/usr/bin/env bash
# Checks and times everything on a machine with a GPU, in one go: tests of every operator and network on the GPU, compute-sanitizer
# on the operators, every kernel variant against the reference, benchmarks (beside PyTorch where python3 has it).
#
#   tools/gpu_check.sh [FOLDER]      results as JSON and logs in FOLDER (default gpu_check), a table at the end
#
# Runs from a build folder (CF_BUILD_DIR, default build/gpu) or from the folder that tools/gpu_bundle.sh made. Exit code 1 where a check
# failed. CF_GPU_SECONDS limits each step (default 240); CF_GPU_SKIP=sanitizer,torch,bench leaves steps out.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-gpu_check}
mkdir -p "$out"
out=$(cd "$out" && pwd)
limit=${CF_GPU_SECONDS:-240}

if [ -f "$here/programs.tar.gz" ] && [ ! -d "$here/bin" ]; then tar -xzf "$here/programs.tar.gz" -C "$here"; fi
if [ -x "$here/bin/cfrun" ]; then
  cfrun=$here/bin/cfrun
  test_gpu=$here/bin/test_gpu
  vs_torch=$here/vs_torch.py
  reference=$here/reference
  libraries=$here/lib
else
  build=${CF_BUILD_DIR:-$here/../build/gpu}
  cfrun=$build/cfrun
  test_gpu=$build/tests/test_gpu
  vs_torch=$here/bench/vs_torch.py
  reference=$here/../../shared/reference
  libraries=
fi
if [ ! -x "$cfrun" ] || [ ! -x "$test_gpu" ]; then
  echo "gpu_check: $cfrun or $test_gpu is missing; build with -DCF_CUDA=ON, or run tools/gpu_bundle.sh" >&2
  exit 2
fi
# CUDA's libraries: the toolkit's, or those that PyTorch brought.
python=$(command -v python3 || true)
if [ -n "$python" ]; then
  packaged=$("$python" - <<'P'
import glob, os, site
print(":".join(sorted({d for r in site.getsitepackages() for d in glob.glob(os.path.join(r, "nvidia", "*", "lib"))})))
P
)
fi
export LD_LIBRARY_PATH=$libraries:/usr/local/cuda/lib64:${packaged:-}:${LD_LIBRARY_PATH:-}

failed=0
# step NAME COMMAND...: runs, keeps the output as NAME.log and one line of NAME.json, says how it went.
step() {
  local name=$1 begin end code
  shift
  case ",${CF_GPU_SKIP:-}," in *",${name%%_*},"*) echo "gpu_check: $name left out"; return ;; esac
  begin=$(date +%s)
  timeout "$limit" "$@" >"$out/$name.log" 2>&1
  code=$?
  end=$(date +%s)
  printf '{"step": "%s", "exit": %d, "seconds": %d}\n' "$name" "$code" $((end - begin)) >"$out/$name.json"
  if [ $code -ne 0 ]; then
    failed=1
    echo "gpu_check: $name FAILED ($code) after $((end - begin)) s; the end of $out/$name.log:"
    tail -n 15 "$out/$name.log"
  else
    echo "gpu_check: $name ok, $((end - begin)) s"
  fi
}

step machine nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv
step version "$cfrun" --version
step tests "$test_gpu"
step kernels "$cfrun" kernels check --backend cuda --shapes 4
if command -v compute-sanitizer >/dev/null; then
  step sanitizer_memcheck compute-sanitizer --tool memcheck --error-exitcode 9 "$test_gpu" --test-case='*operators*f32*'
  step sanitizer_racecheck compute-sanitizer --tool racecheck --error-exitcode 9 "$test_gpu" --test-case='*operators*f32*'
else
  echo "gpu_check: no compute-sanitizer here; memory and races were not checked"
fi

for family in elementwise reduce softmax norm fused layout resize wavelet laconv conv matmul fft attention fmim optim; do
  step "bench_kernels_$family" "$cfrun" kernels bench "$family" --backend cuda --json
done
for precision in f32 tf32 bf16; do
  for capture in false true; do
    name=$precision$([ $capture = true ] && echo _captured)
    settings=(--device cuda --runs 30 --set "precision=$precision" --set "capture=$capture" --json)
    step "bench_train_$name" "$cfrun" bench cf2n --train --batch 32 --size 64 "${settings[@]}"
    step "bench_infer_$name" "$cfrun" bench cf2n --batch 1 --size 256 "${settings[@]}"
  done
done
step bench_ssdiff_train "$cfrun" bench ssdiff --train --batch 20 --size 64 --device cuda --runs 10 --json
step bench_ssdiff_infer "$cfrun" bench ssdiff --batch 1 --size 64 --device cuda --runs 30 --json

# Ranks: NCCL over one rank against none, the same bits; over two ranks on one GPU where NCCL allows that (2.30 and newer; point
# CF_NCCL_DIR at the folder of its libnccl.so.2, such as that of the wheel nvidia-nccl-cu13).
ranks=$out/ranks
mkdir -p "$ranks"
cat >"$ranks/ranks.json" <<'C'
{"name": "ranks", "model": {"name": "cf2n", "cf2n": {"channels": 8, "stages": 1}}, "device": "cuda", "deterministic": true,
 "data": {"dir": "data", "sensor": "qb", "train": "train_qb.h5", "flips": true}, "schedule": {"steps": 20},
 "train": {"batch": 8, "micro_batch": 4, "validate_every": 0}}
C
train_ranks() {
  local name=$1
  shift
  step "ranks_$name" env -C "$ranks" "$@"
}
if [ -n "${CF_NCCL_DIR:-}" ]; then export LD_LIBRARY_PATH=$CF_NCCL_DIR:$LD_LIBRARY_PATH; fi
train_ranks data "$cfrun" synth data --sensor qb --size 128
train_ranks single "$cfrun" train ranks.json --out single
train_ranks nccl_1 "$cfrun" train ranks.json --out nccl_1 --ranks 1
train_ranks nccl_1_equal "$cfrun" diff single/last.cfk nccl_1/last.cfk
train_ranks sums "$cfrun" ranks --ranks 1 --device cuda
nccl=
if [ -n "$python" ]; then
  nccl=$("$python" -c 'import ctypes; v = ctypes.c_int(); ctypes.CDLL("libnccl.so.2").ncclGetVersion(ctypes.byref(v)); print(v.value)' 2>/dev/null)
fi
if [ "${nccl:-0}" -ge 23000 ]; then
  train_ranks nccl_2 env NCCL_MULTI_RANK_GPU_ENABLE=1 "$cfrun" train ranks.json --out nccl_2 --set 'gpus=[0,0]'
  train_ranks nccl_2_equal "$cfrun" diff single/last.cfk nccl_2/last.cfk
else
  echo "gpu_check: two ranks on one GPU left out: NCCL ${nccl:-is not found by python3}, 23000 or newer is needed (CF_NCCL_DIR)"
fi

if [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null && [ -f "$reference/bench_torch.py" ]; then
  torch() {
    local name=$1
    shift
    step "torch_$name" env -C "$reference" "$python" bench_torch.py cf2n --device cuda --runs 30 "$@"
  }
  for flags in "" "--channels-last" "--compile" "--compile --channels-last" "--bf16 --channels-last" "--bf16 --compile --channels-last"; do
    name=eager$(echo "$flags" | tr -d ' ' | sed 's/--/_/g; s/-//g')
    # shellcheck disable=SC2086
    torch "train_$name" --train --batch 32 --size 64 $flags
    # shellcheck disable=SC2086
    torch "infer_$name" --batch 1 --size 256 $flags
  done
  step torch_paired "$python" "$vs_torch" cf2n --train --batch 32 --device cuda --cfrun "$cfrun" --reference "$reference" --python "$python" --rounds 3
else
  echo "gpu_check: python3 has no torch here; nothing to compare with"
fi

if [ -n "$python" ]; then "$python" "$here/gpu_report.py" "$out" || failed=1; fi
exit $failed
