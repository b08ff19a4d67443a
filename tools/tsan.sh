#!/usr/bin/env bash
# Runs the tests of what uses threads under ThreadSanitizer: loader, allocator, profile, process groups (tests/threads).
#
#   tools/tsan.sh [ARGUMENTS]      arguments go to the test program
#
# libgomp, g++'s OpenMP, synchronises threads in ways that ThreadSanitizer does not see, and each of our parallel loops would be a false
# report; so loops run on one thread here (OMP_NUM_THREADS=1), and their own tests are left out. What is under test are our own threads.
# CF_TSAN_BUILD names a folder that is configured with CF_SANITIZE_THREAD=ON; default: build/tsan, made here.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${CF_TSAN_BUILD:-}
if [ -z "$build" ]; then
  build=$PWD/build/tsan
  cmake --preset tsan >/dev/null
fi
cmake --build "$build" --target test_threads
export OMP_NUM_THREADS=1 TSAN_OPTIONS="exitcode=66 second_deadlock_stack=1"
# Open MPI is not instrumented, and what it does between threads would be reported: ranks by sockets are under test.
"$build/tests/threads/test_threads" --test-case-exclude='*MPI*' "$@"
echo "tsan: no report"
