#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds everything and runs the tests; with --sanitize also under AddressSanitizer and UBSan.
set -euo pipefail
cd "$(dirname "$0")/.."
sanitize=0
for argument in "$@"; do
  case "$argument" in
    --sanitize) sanitize=1 ;;
    *) echo "test.sh: unknown argument '$argument'; expected --sanitize" >&2; exit 64 ;;
  esac
done
scripts/setup.sh
PATH="$PWD/build/venv/bin:$PATH"
run() {
  cmake --preset "$1"
  cmake --build --preset "$1"
  ctest --preset "$1"
}
run release
if ((sanitize)); then run asan-ubsan; fi
