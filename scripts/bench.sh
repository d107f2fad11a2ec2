#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds, runs a set of benchmarks on every device there is, writes Google Benchmark's JSON, and prints it as tables: reference, cpu
# and cuda side by side with speed-ups. docs/benchmarks.md explains what is measured. Exits 1 if a benchmark failed its check.
#   scripts/bench.sh [--quick | --full] [--filter REGEX] [--threads N] [--repetitions N] [--preset NAME] [--no-build] [--out DIR]
#   default: a standard set (some minutes); --quick: a minute; --full: everything (half an hour)
#   --filter: only benchmarks whose names match, out of all; --threads: of the cpu backend (default: all cores)
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints an error and stops. $1: exit status (sysexits), $2: what is wrong.
fail() {
  echo "bench.sh: $2" >&2
  exit "$1"
}

# Prints the number $2 if it is one from 1 to 1024. $1: the flag it was given for.
number() {
  [[ "$2" =~ ^[1-9][0-9]{0,3}$ ]] && [ "$2" -le 1024 ] || fail 64 "$1: found '$2', expected a number from 1 to 1024"
  echo "$2"
}

quick='^(Epoch|Step)/(linear|logistic|softmax|mlp-64-64)/[a-z]+/d:8/batch:(32|256)/adam/'
quick+='|^Population/|^Optimizer/adam/cpu/n:65536/|^Order/rows:20640/|^Load/[a-z]+/rows:20000/|^Threads/softmax/'
standard='^(Epoch|Step)/[a-z0-9-]+/[a-z]+/d:[0-9]+/batch:(32|256|1024|4096)/adam/'
standard+='|^(Population|Gather|Optimizer|Order|Preprocess|Load|Threads|ReadMemory)/|^Workload(Steps)?/W[1-6]/'

filter=$standard
min_time=0.1 repetitions=3 preset=release out=build/bench build=yes
flags=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) filter=$quick min_time=0.05 ;;
    --full) filter=. ;;
    --no-build) build="" ;;
    --filter | --threads | --repetitions | --preset | --out)
      [ $# -ge 2 ] || fail 64 "$1: missing value"
      case "$1" in
        --filter) filter=$2 ;;
        --threads) flags+=("--threads=$(number "$1" "$2")") ;;
        --repetitions) repetitions=$(number "$1" "$2") ;;
        --preset) preset=$2 ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    *) fail 64 "unknown argument '$1'; the head of scripts/bench.sh lists them" ;;
  esac
  shift
done

program=build/$preset/bench/slalom_bench
if [ -n "$build" ]; then
  scripts/setup.sh
  PATH="$PWD/build/venv/bin:$PATH"
  log="build/bench-$preset.log"
  echo "bench.sh: building the preset $preset" >&2
  if ! { cmake --preset "$preset" -DSLALOM_BUILD_BENCHMARKS=ON && cmake --build --preset "$preset" --target slalom_bench; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail 70 "the build failed; the whole log is in $log"
  fi
fi
[ -x "$program" ] || fail 66 "$program is not there; leave --no-build out"
mkdir -p "$out" || fail 73 "$out cannot be made"

status=0
"$program" "${flags[@]}" --benchmark_filter="$filter" --benchmark_min_time="$min_time" --benchmark_repetitions="$repetitions" \
  --benchmark_out="$out/benchmarks.json" --benchmark_out_format=json >"$out/benchmarks.log" 2>&1 || status=$?
case "$status" in
  0 | 1) ;;
  64) fail 64 "no benchmark matches '$filter', or a flag is wrong; see $out/benchmarks.log" ;;
  *) fail 70 "$program ended with $status; see $out/benchmarks.log" ;;
esac
python3 scripts/bench_table.py "$out/benchmarks.json" | tee "$out/benchmarks.txt"
exit "$status"
