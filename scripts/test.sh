#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds everything and runs the tests; --sanitize: again with AddressSanitizer and UBSan, and those of threaded code with
# ThreadSanitizer. If SLALOM_TEST_LAUNCHER is set (a command as a CMake list: launcher;option;--), tests that need a CUDA device run
# under it.
set -euo pipefail
cd "$(dirname "$0")/.."
presets=(release)
needs=()
for argument in "$@"; do
  case "$argument" in
    --sanitize) presets+=(asan-ubsan tsan) && needs=(--dev) ;;
    *)
      echo "test.sh: unknown argument '$argument'; expected --sanitize" >&2
      exit 64
      ;;
  esac
done

scripts/setup.sh "${needs[@]}"
PATH="$PWD/build/venv/bin:$PATH"
export CTEST_PARALLEL_LEVEL="${CTEST_PARALLEL_LEVEL:-$(nproc)}"
for preset in "${presets[@]}"; do
  log="build/test-$preset.log"
  echo "test.sh: building the preset $preset"
  if ! { cmake --preset "$preset" "-DSLALOM_TEST_LAUNCHER=${SLALOM_TEST_LAUNCHER:-}" &&
    cmake --build --preset "$preset"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "test.sh: the build failed; the whole log is in $log" >&2
    exit 70
  fi
  ctest --preset "$preset"
done
