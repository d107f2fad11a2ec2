#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds the binary and runs `slalom demo` with the arguments given.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
PATH="$PWD/build/venv/bin:$PATH"
log=build/demo.log
[ -x build/release/slalom ] || echo "demo.sh: building slalom (once; a few minutes on two cores)"
if ! { cmake --preset release && cmake --build --preset release --target slalom_cli; } >"$log" 2>&1; then
  tail -n 60 "$log" >&2
  echo "demo.sh: the build failed; the whole log is in $log" >&2
  exit 70
fi
exec build/release/slalom demo "$@"
