#!/usr/bin/env bash
# Builds with CUDA and gathers what tools/gpu_check.sh needs on a machine that lacks our packages: programs, and the libraries they
# load, but for the C library and CUDA's own. Packed, as oneDNN alone is 40 MB: gpu_check.sh unpacks them. Well under 64 MB.
#
#   tools/gpu_bundle.sh [FOLDER] [ARCHITECTURES]     default: build/gpu_bundle, "90-real"
#
# Copy the folder over, put CUDA 13 and cuDNN 9 there (the toolkit, or Python's nvidia-* packages) and run FOLDER/gpu_check.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-build/gpu_bundle}
architectures=${2:-90-real}
build=${CF_BUILD_DIR:-build/gpu}

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCF_CUDA=ON -DCF_GDAL=OFF -DCF_MPI=OFF -DCF_PROTOBUF=OFF -DCF_MATIO=OFF \
  "-DCMAKE_CUDA_ARCHITECTURES=$architectures" >/dev/null
cmake --build "$build" --target cfrun test_gpu

rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/lib"
for program in "$build/cfrun" "$build/tests/test_gpu"; do
  strip -o "$folder/bin/$(basename "$program")" "$program"
done
# The C library must be the machine's own; CUDA's are too large to carry and belong to its driver.
system='linux-vdso|ld-linux|/(libc|libm|libdl|libpthread|librt|libresolv)\.so'
cuda='/lib(cuda|cudart|cublas|cublasLt|cufft|cudnn|nccl|nvJitLink|nvrtc)[^/]*\.so'
ldd "$folder"/bin/* | awk '$3 ~ /^\// {print $3}' | sort -u | grep -Ev "$system|$cuda" | while read -r library; do
  cp -L "$library" "$folder/lib/"
done
tar -czf "$folder/programs.tar.gz" -C "$folder" bin lib
rm -r "$folder/bin" "$folder/lib"
cp -r configs "$folder/"
cp tools/gpu_check.sh tools/gpu_report.py tools/bench/vs_torch.py "$folder/"
# The partner of the benchmarks, where it lies beside the checkout.
if [ -f ../shared/reference/bench_torch.py ]; then
  mkdir -p "$folder/reference"
  cp ../shared/reference/*.py "$folder/reference/"
fi
du -sm "$folder" | awk '{print "gpu_bundle: " $2 ", " $1 " MB"; exit $1 >= 64}'
