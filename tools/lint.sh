#!/usr/bin/env bash
# Checks the format of every tracked C++ source; with --tidy also runs clang-tidy over every .cpp of ours.
# Usage: tools/lint.sh [--tidy [--build FOLDER]] [FILE...]
#   --build FOLDER   a configured and built folder with compile_commands.json (default build/release)
#   FILE...          only these files instead of all
# Exit code 1 where something is found. The environment may name other programs than those of version 14, CLANG_FORMAT
# and CLANG_TIDY, and LINT_JOBS, how many sources are judged at once.
set -euo pipefail
cd "$(dirname "$0")/.."

tidy=no
build=build/release
files=()
while (($#)); do
  case $1 in
    --tidy) tidy=yes ;;
    --build) build=${2:?--build needs a folder}; shift ;;
    -*) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
    *) files+=("$1") ;;
  esac
  shift
done
# What is listed but was just deleted is no source to check.
((${#files[@]})) || mapfile -t files < <(comm -23 <(git ls-files '*.h' '*.cpp' '*.cu' | sort) <(git ls-files --deleted | sort))

status=0
printf '%s\0' "${files[@]}" | xargs -0 "${CLANG_FORMAT:-clang-format-14}" --dry-run -Werror || status=1

if [[ $tidy == yes ]]; then
  if [[ ! -f $build/compile_commands.json ]]; then
    echo "$build/compile_commands.json was not found: configure and build that folder first, or name another by --build" >&2
    exit 2
  fi
  mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.cpp$')
  # The commands may be g++'s, whose warnings clang does not all know and whose omp.h it cannot read. LLVM's own, of any
  # version, is searched for last of all. Headers of ours are judged through what includes them.
  omp=$(find /usr/lib/llvm-*/lib/clang/*/include -maxdepth 1 -name omp.h 2>/dev/null | sort -V | tail -n 1 || true)
  if [[ -z $omp ]]; then
    echo "LLVM's omp.h was not found: install libomp-dev" >&2
    exit 2
  fi
  if ((${#sources[@]})); then
    printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "${LINT_JOBS:-$(nproc)}" \
      "${CLANG_TIDY:-clang-tidy-14}" -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option "--extra-arg=-idirafter${omp%/*}" || status=1
  fi
fi
exit $status
