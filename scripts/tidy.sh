#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy (version 14) over every C++ source of the library and the binary and prints what it finds; status 70 if that is
# anything. With a CUDA compiler the host side of the CUDA backend is among them. Needs setup.sh --dev.
set -euo pipefail
cd "$(dirname "$0")/.."
log=build/tidy.log
mkdir -p build
PATH="$PWD/build/venv/bin:$PATH"
echo "tidy.sh: reading every source"
if ! { cmake --preset tidy && cmake --build --preset tidy; } >"$log" 2>&1; then
  grep -A 4 -E '(error|Error)' "$log" >&2 || tail -n 40 "$log" >&2
  echo "tidy.sh: the whole log is in $log" >&2
  exit 70
fi
