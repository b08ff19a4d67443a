#!/usr/bin/env bash
# Installs the Debian packages that cfrun is built from. Quick where everything is there already.
#   tools/setup.sh            install what is missing (needs root or sudo)
#   tools/setup.sh --check    only say what is missing; exit 1 where something is
set -euo pipefail

packages=(
  # to build
  g++ cmake ninja-build pkg-config ccache
  # what the program stands on: convolutions, SIMD, FFT, HDF5, MAT files, PNG, checksums, zip archives
  libdnnl-dev libhwy-dev libkissfft-dev libhdf5-dev libmatio-dev libstb-dev libxxhash-dev libzip-dev
  # rasters
  libgdal-dev
  # JSON, command line, log, TensorBoard's wire format
  nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev libprotobuf-dev protobuf-compiler
  # several ranks
  libopenmpi-dev openmpi-bin
  # to test
  doctest-dev python3
)

missing=()
for package in "${packages[@]}"; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$'; then
    missing+=("$package")
  fi
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi
echo "setup: missing packages: ${missing[*]}"
if [ "${1:-}" = "--check" ]; then
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo)
  else
    echo "setup: installing them needs root. Ask an administrator for, or run yourself:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi
echo "setup: installing them with apt-get"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
echo "setup: done"
