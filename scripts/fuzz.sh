#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz harnesses with clang and runs each of them from its corpus: --seconds N (60) in all, shared among them. An input
# that crashes, hangs or takes much memory ends the run with status 70; it is kept in build/fuzz/findings. Needs setup.sh --dev.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
while (($#)); do
  case "$1" in
    --seconds) seconds="${2:-}" && shift ;;
    *) seconds="" ;;
  esac
  if ! [[ "$seconds" =~ ^[1-9][0-9]{0,6}$ ]]; then
    echo "fuzz.sh: expected --seconds N with a whole number N >= 1" >&2
    exit 64
  fi
  shift
done

log=build/fuzz.log
mkdir -p build
PATH="$PWD/build/venv/bin:$PATH"
if ! { cmake --preset fuzz && cmake --build --preset fuzz; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "fuzz.sh: the build failed; the whole log is in $log" >&2
  exit 70
fi

formats=(csv libsvm npy model checkpoint config)
findings=build/fuzz/findings
mkdir -p "$findings"
export ARROW_DEFAULT_MEMORY_POOL=system # AddressSanitizer sees what it hands out
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# Runs the harness of format $1 for $2 seconds. New inputs that reach new code are kept in build/fuzz/grown for the next time.
fuzz() {
  local grown="build/fuzz/grown/$1" report="build/fuzz/$1.log"
  mkdir -p "$grown"
  if ! "build/fuzz/tests/fuzz/$1_fuzz" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=8192 \
    -print_funcs=0 -artifact_prefix="$findings/$1-" "$grown" "tests/fuzz/corpus/$1" >"$report" 2>&1; then
    tail -n 40 "$report" >&2
    echo "fuzz.sh: $1: a defect; the input is in $findings, the whole log in $report" >&2
    return 70
  fi
  echo "fuzz.sh: $1: $(tail -n 1 "$report")"
}

share=$(((seconds + ${#formats[@]} - 1) / ${#formats[@]}))
status=0
for format in "${formats[@]}"; do
  fuzz "$format" "$share" || status=70
done
exit "$status"
