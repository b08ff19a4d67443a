#!/usr/bin/env bash
# Builds the Debian package cfrun_<version>_<architecture>.deb into the folder of the build.
#   tools/package.sh            build and pack
#   tools/package.sh --check    also install it into a fresh Debian 12 in a temporary folder, and try it there: needs root,
#                               debootstrap and a Debian mirror (CF_MIRROR)
set -euo pipefail
cd "$(dirname "$0")/.."

build=${CF_BUILD_DIR:-build/package}
mirror=${CF_MIRROR:-http://deb.debian.org/debian}
tools/setup.sh
command -v dpkg-shlibdeps >/dev/null || { echo "package: dpkg-shlibdeps was not found: install dpkg-dev" >&2; exit 1; }
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCF_CUDA="${CF_CUDA:-OFF}" -DCF_GDAL=ON -DCF_MPI=ON
cmake --build "$build" --target cf_pages
rm -f "$build"/cfrun_*.deb
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$build"
package=$(echo "$build"/cfrun_*.deb)
echo "package: $package"
[ "${1:-}" = "--check" ] || exit 0

root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
cp "$package" "$root/root/"
chroot "$root" /bin/bash -euc '
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /root/cfrun_*.deb gdal-bin >/root/install.log 2>&1 || { tail /root/install.log; exit 1; }
  cd /root
  cfrun --version | grep -q "GDAL  *yes"
  # A PAN and an MS of one place, made by others.
  make() { gdal_create -of GTiff -ot UInt16 -outsize $2 $2 -bands $3 -burn 500 -a_srs EPSG:32635 -a_ullr 500000 4400128 500128 4400000 $1 >/dev/null; }
  make pan.tif 64 1
  make ms.tif 16 4
  cfrun info pan.tif ms.tif | tee info.txt
  grep -q "ratio 4" info.txt
  cfrun fuse --method exp --pan pan.tif --ms ms.tif -o sharp.tif
  gdalinfo sharp.tif | grep -q "Size is 64, 64"
  for file in man/man1/cfrun.1 bash-completion/completions/cfrun zsh/vendor-completions/_cfrun cfrun/configs/schema.json doc/cfrun/copyright; do
    test -s /usr/share/$file || { echo "missing: $file"; exit 1; }
  done
  apt-get purge -y -qq cfrun >/dev/null
  test ! -e /usr/bin/cfrun && test ! -e /usr/lib/cfrun'
echo "package: it installs, runs and goes away on a fresh Debian 12"
