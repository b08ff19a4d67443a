#!/usr/bin/env bash
# Fuzzes the readers (tests/fuzz) with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer: no crash, no other exception than
# cf::Error, no input that takes longer than 5 s, no allocation that the file does not warrant.
#
#   tools/fuzz.sh [--runs N | --seconds S] [FUZZER...]     default: 20 seconds each of all that were built
#
# Builds them first, unless CF_FUZZ_BUILD names a folder where they are built. Corpora grow in CF_FUZZ_WORK (default: the build folder)
# from call to call, finds are put beside them, and every call adds a line per fuzzer to fuzz.tsv there: date, fuzzer, inputs,
# seconds, finds. A find ends a fuzzer's turn and makes the exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=(-max_total_time=20)
case "${1:-}" in
  --runs) limit=("-runs=$2"); shift 2 ;;
  --seconds) limit=("-max_total_time=$2"); shift 2 ;;
esac

build=${CF_FUZZ_BUILD:-}
if [ -z "$build" ]; then
  build=$PWD/build/fuzz
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz
fi
programs=$build/tests/fuzz
work=${CF_FUZZ_WORK:-$build/campaign}
mkdir -p "$work/finds"
"$programs/make_seeds" "$work/seeds"
"$programs/make_data_seeds" "$work/seeds"

fuzzers=("$@")
if [ ${#fuzzers[@]} -eq 0 ]; then
  for program in "$programs"/fuzz_*; do fuzzers+=("${program##*/fuzz_}"); done
fi

# A short quarantine and no record of who allocated make inputs three times as cheap; a find is looked into by running the program
# on its file without these options. Allocations above 64 MB are finds: inputs have up to 512
# bytes. What HDF5, matio and GDAL ask for beyond 512 MB they do not get, as on a small machine, and should say so.
export OMP_NUM_THREADS=1
# What a fuzzer leaves that ended at a find goes with the folder.
CF_FUZZ_MEMORY=$(mktemp -d /dev/shm/cf_fuzz.XXXXXX)
export CF_FUZZ_MEMORY
trap 'rm -rf "$CF_FUZZ_MEMORY"' EXIT
status=0
printf '%-12s %12s %9s %9s  %s\n' fuzzer inputs seconds per_second finds
for fuzzer in "${fuzzers[@]}"; do
  most=64 null=0 longest=512
  case $fuzzer in hdf5 | mat | tiff) most=512 null=1 longest=8192 ;; esac
  export ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=0:max_malloc_fill_size=0
  ASAN_OPTIONS+=:detect_leaks=0:allocator_may_return_null=$null:max_allocation_size_mb=$most
  corpus=$work/corpus/$fuzzer
  mkdir -p "$corpus"
  dictionary=()
  [ -f "$work/seeds/$fuzzer.dict" ] && dictionary=("-dict=$work/seeds/$fuzzer.dict")
  before=$(find "$work/finds" -name "$fuzzer-*" | wc -l)
  begun=$(date +%s)
  # libFuzzer's own limits on memory are off: the first installs a hook in every malloc, the second a thread.
  "$programs/fuzz_$fuzzer" "$corpus" "$work/seeds/$fuzzer" "${dictionary[@]}" "${limit[@]}" "-max_len=$longest" -timeout=120 -report_slow_units=120 \
    -malloc_limit_mb=0 -rss_limit_mb=0 -detect_leaks=0 -entropic=0 -print_final_stats=1 "-artifact_prefix=$work/finds/$fuzzer-" \
    >"$work/$fuzzer.log" 2>&1 || status=1
  seconds=$(($(date +%s) - begun))
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$fuzzer.log")
  finds=$(($(find "$work/finds" -name "$fuzzer-*" | wc -l) - before))
  printf '%-12s %12s %9s %9s  %s\n' "$fuzzer" "${inputs:-0}" "$seconds" $((${inputs:-0} / (seconds > 0 ? seconds : 1))) "$finds"
  printf '%s\t%s\t%s\t%s\t%s\n' "$(date +%FT%T)" "$fuzzer" "${inputs:-0}" "$seconds" "$finds" >>"$work/fuzz.tsv"
  if [ "$finds" -gt 0 ]; then grep -E "ERROR|runtime error|^fuzz:|SUMMARY" "$work/$fuzzer.log" | head -3 || true; fi
done
exit $status
