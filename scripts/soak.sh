#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that long runs take no more memory than short ones, and that no command leaks: as many epochs, evaluations, checkpoints and log
# lines as hours of training have (--epochs N, 20000), a stream of a gigabyte (--megabytes N, 1024), and the commands under valgrind
# where that is installed. --binary PATH: build/release/slalom by default. --short: 8000 epochs, 640 megabytes, and valgrind only for
# training, resuming, cross-validating a network and predicting. --device cuda: trains on a GPU instead and looks at the memory taken
# there, which may not grow by a byte; under SLALOM_TEST_LAUNCHER if that is set. Status 70 if memory grows or is lost.
set -euo pipefail
cd "$(dirname "$0")/.."

epochs=20000
megabytes=1024
binary=build/release/slalom
device=cpu
short=no
while (($#)); do
  if [ "$1" = --short ]; then
    epochs=8000 megabytes=640 short=yes
    shift
    continue
  fi
  case "$1" in
    --epochs) epochs="${2:-}" ;;
    --megabytes) megabytes="${2:-}" ;;
    --binary) binary="${2:-}" ;;
    --device) device="${2:-}" ;;
    *) epochs="" ;;
  esac
  if (($# < 2)) || ! [[ "$epochs" =~ ^[1-9][0-9]{3,8}$ && "$megabytes" =~ ^[1-9][0-9]{0,6}$ && "$device" =~ ^(cpu|cuda)$ ]]; then
    echo "soak.sh: expected --epochs N (at least 1000), --megabytes N, --binary PATH, --short and --device cpu or cuda" >&2
    exit 64
  fi
  shift 2
done
if [ ! -x "$binary" ]; then
  echo "soak.sh: $binary is not there; scripts/demo.sh builds it, or name another with --binary" >&2
  exit 66
fi
binary=$(realpath "$binary")
suppressions=$PWD/scripts/valgrind.supp
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

awk 'BEGIN { print "a,b,colour,y"
  for (i = 0; i < 640; ++i) printf "%g,%g,%s,%g\n", i % 13 * 0.5, i % 7 * 0.25, i % 3 ? "blue" : "red", i % 13 - i % 7 * 0.5 + 1 }' >plane.csv
status=0

# The resident memory of process $1 now, in KiB; nothing if it has ended, which it may do while this reads.
resident_of() {
  local key value rest
  {
    while read -r key value rest; do
      if [ "$key" = VmRSS: ]; then echo "$value"; fi
    done <"/proc/$1/status"
  } 2>/dev/null || true
}

# Reads lines "POSITION KIB" (what was done, and the memory then) and prints a few of them. Compared are the peaks of the first half and of
# the second, without the first tenth, in which memory is taken, and the last, in which the command may have come to its end already.
# $1: what is counted, $2: KiB that it may grow, $3: the unit to print, MiB or KiB.
judge() {
  awk -v what="$1" -v limit="$2" -v unit="${3:-MiB}" '
    NF == 2 { at[++n] = $1; kib[n] = $2 }
    END {
      of = unit == "MiB" ? 1024 : 1
      if (n < 20) { print "soak.sh: only " n " samples; expected 20 or more, try larger numbers"; exit 1 }
      for (i = 1; i <= n * 0.9; ++i) {
        if (i > n / 10 && i <= n / 2 && kib[i] > early) early = kib[i]
        if (i > n / 2 && kib[i] > late) late = kib[i]
        if (i == 1 || i % int(n / 5) == 0) printf "  %9d %s  %7.1f %s\n", at[i], what, kib[i] / of, unit
      }
      printf "  peak of the second half less that of the first: %.2f %s, expected at most %.2f\n", (late - early) / of, unit, limit / of
      exit late - early > limit
    }' || status=70
}

# Trains $1 members with everything that happens over and over: $2 names the run, the rest are flags. Samples are taken as its lines are
# read, and the pipe keeps it from running far ahead. Every epoch's loss is kept, and a few copies of all of them while a checkpoint is
# written: 64 bytes an epoch and a member.
train() {
  local members="$1" lines pid line last="" n=0
  echo "soak.sh: train, $2, $epochs epochs"
  shift 2
  rm -rf ck tb run.jsonl
  exec {lines}< <(exec "$binary" train --data plane.csv --target y --batch-size 64 --epochs "$epochs" --lr 1e-4 --metrics run.jsonl \
    --tensorboard tb --checkpoint-dir ck --checkpoint-every "$((epochs / 500 + 1))epochs" --log-every 1 --out m.safetensors "$@" 2>&1)
  pid=$!
  while read -r line; do
    last="$line"
    if [[ "$line" =~ ^(restart [0-9]+ +)?epoch\ ([0-9]+)/ ]] && ((++n % (epochs / 200) == 0)); then
      echo "${BASH_REMATCH[2]} $(resident_of "$pid")"
    fi
  done <&"$lines" >samples
  exec {lines}<&-
  wait "$pid" || { echo "$last" >&2 && echo "soak.sh: train failed" >&2 && status=70; }
  judge epochs "$((256 + members * epochs * 64 / 1024))" <samples
}

# Trains on a GPU: $1 names the run, the rest are flags. The log of metrics has the device memory after every epoch.
train_on_device() {
  local launcher
  IFS=';' read -ra launcher <<<"${SLALOM_TEST_LAUNCHER:-}"
  echo "soak.sh: train, $1, $epochs epochs"
  shift
  rm -rf ck
  "${launcher[@]}" "$binary" train --data plane.csv --target y --batch-size 64 --epochs "$epochs" --lr 1e-4 --metrics run.jsonl \
    --checkpoint-dir ck --checkpoint-every "$((epochs / 20 + 1))epochs" --quiet --out m.safetensors --device cuda "$@" >last 2>&1 ||
    { cat last >&2 && echo "soak.sh: train failed" >&2 && status=70; }
  sed -n 's/.*"epoch":\([0-9]*\),.*"device_memory_bytes":\([0-9]*\).*/\1 \2/p' run.jsonl |
    awk -v every="$((epochs / 200))" 'NR % every == 0 { print $1, $2 / 1024 }' >samples
  judge "epochs, on the device" 0 KiB <samples
}
if [ "$device" = cuda ]; then
  train_on_device "linear, cuda"
  train_on_device "network, cuda" --model mlp --hidden 16,16
  train_on_device "restarts, cuda" --restarts 3
  exit "$status"
fi

train 1 "linear, cpu" --device cpu --threads 1
mv m.safetensors linear.safetensors
train 1 "network, cpu, 2 threads" --device cpu --threads 2 --model mlp --hidden 16,16
train 3 "restarts, reference" --device reference --restarts 3

echo "soak.sh: predict, $megabytes MiB through a pipe"
for ((i = 0; i < 100; ++i)); do tail -n +2 plane.csv; done >rows.csv
copies=$((megabytes * 1048576 / $(stat -c %s rows.csv) + 1))
exec {feed}> >(exec "$binary" predict --model linear.safetensors --data /dev/stdin --format csv --out predictions.csv --quiet)
pid=$!
( # a shell of its own: SIGPIPE ends it if predict stops reading
  head -n 1 plane.csv
  for ((i = 1; i <= copies; ++i)); do
    cat rows.csv
    if ((i % (copies / 200 + 1) == 0)); then echo "$((i * megabytes / copies)) $(resident_of "$pid")" >&3; fi
  done
) >&"$feed" 3>samples || true
exec {feed}>&-
wait "$pid" || { echo "soak.sh: predict failed" >&2 && status=70; }
judge "MiB sent" 98304 <samples # a piece and a half of the table; eight or more are read

if command -v valgrind >/dev/null; then
  head -n 100 plane.csv >small.csv
  commands=("train --data small.csv --target y --epochs 3 --device cpu --checkpoint-dir vck --metrics v.jsonl --tensorboard vtb --out v.safetensors"
    "train --data small.csv --target y --epochs 5 --device cpu --checkpoint-dir vck --resume --out v.safetensors"
    "train --data small.csv --target y --epochs 3 --device cpu --model mlp --hidden 8 --folds 2 --threads 2 --out n.safetensors"
    "predict --model v.safetensors --data small.csv --out p.csv")
  if [ "$short" = no ]; then
    commands+=("evaluate --model v.safetensors --data small.csv"
      "tune --data small.csv --target y --batch-sizes 16,32 --repeats 1 --measure-time 0.05 --epochs 3"
      "lr-find --data small.csv --target y --device cpu"
      "export --model v.safetensors --onnx v.onnx"
      "inspect v.safetensors")
  fi
  for command in "${commands[@]}"; do
    name="${command%% *}"
    # shellcheck disable=SC2086
    if valgrind --suppressions="$suppressions" --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect --num-callers=30 \
      "$binary" $command >valgrind.out 2>valgrind.err; then
      lost=$(sed -n 's/.*\(definitely\|indirectly\) lost: \([0-9,]* bytes\).*/\1 lost \2/p' valgrind.err | paste -sd ',' | sed 's/,d/, d/;s/,i/, i/')
      echo "soak.sh: valgrind, $name: no errors, ${lost:-all memory given back}"
    else
      tail -n 60 valgrind.err >&2
      echo "soak.sh: valgrind, $name: errors or lost memory" >&2
      status=70
    fi
  done
fi
exit "$status"
