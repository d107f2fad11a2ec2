#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything to be known about slalom on a machine with an NVIDIA GPU: sets up, builds, runs all tests with the device ones
# required, runs the device tests under compute-sanitizer if it is installed, and then the benchmarks. Goes on after a failed
# step; leaves summary.txt and a log a step in a folder. Exits 1 if a step failed, 69 without a usable GPU.
#   scripts/gpu-check.sh [--out DIR] [--no-setup] [--no-sanitizer] [--no-benchmarks]
# --no-setup: everything that scripts/setup.sh installs is there already, or the machine has no network.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 70
PATH="$PATH:/usr/local/cuda/bin" # where the toolkit installs itself; few have it on their path
out=build/gpu-check
setup=yes
sanitizer=$(command -v compute-sanitizer || true)
benchmarks=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --out)
      [ $# -ge 2 ] || { echo "gpu-check.sh: --out: missing, expected a folder" >&2; exit 64; }
      out=$2
      shift
      ;;
    --no-setup) setup="" ;;
    --no-sanitizer) sanitizer="" ;;
    --no-benchmarks) benchmarks="" ;;
    *)
      echo "gpu-check.sh: unknown argument '$1'; expected --out DIR, --no-setup, --no-sanitizer or --no-benchmarks" >&2
      exit 64
      ;;
  esac
  shift
done
mkdir -p "$out" || exit 73
summary="$out/summary.txt"
: >"$summary" || exit 73
failed=0

say() { printf '%s\n' "$*" | tee -a "$summary"; }

# Runs a command as a step. $1: name, also of the log; $2: the most that it may take; the rest: the command.
step() {
  local name=$1 limit=$2 began=$SECONDS status=0
  shift 2
  timeout --kill-after=10 "$limit" "$@" >"$out/$name.log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    say "$(printf '%-28s ok      %5d s' "$name" $((SECONDS - began)))"
  else
    say "$(printf '%-28s FAILED  %5d s  exit %d, see %s' "$name" $((SECONDS - began)) "$status" "$out/$name.log")"
    failed=1
  fi
  return "$status"
}

# Stops where nothing further makes sense. $1: exit status, $2: why.
give_up() {
  say "gpu-check.sh: $2"
  exit "$1"
}

say "slalom $(git describe --always --dirty 2>/dev/null || echo 'of unknown revision'), $(date -u '+%Y-%m-%d %H:%M UTC')"
say "$(nvidia-smi --query-gpu=name,driver_version,compute_cap,memory.total --format=csv,noheader 2>/dev/null || echo 'nvidia-smi: none')"
say "$(nvcc --version 2>/dev/null | sed -n 's/^Cuda compilation tools, /nvcc: /p')"

if [ -n "$setup" ] && [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
  echo "gpu-check.sh: the set-up may ask for your password; what it says is in $out/setup.log"
  sudo -v || give_up 70 "no packages can be installed; --no-setup leaves that out"
fi
if [ -n "$setup" ]; then step setup 1h scripts/setup.sh || give_up 70 "the set-up failed; --no-setup leaves it out"; fi
PATH="$PWD/build/venv/bin:$PATH"
# What an earlier build was told of launchers and architectures does not count. Another compiler than the one of the
# project's own tests may warn of other things, and spill registers: the summary says so.
step configure 10m cmake --preset release -DSLALOM_CUDA=ON -DSLALOM_BUILD_TESTS=ON -DSLALOM_BUILD_BENCHMARKS=ON \
  -DSLALOM_WERROR=OFF -DSLALOM_TEST_LAUNCHER= -UCMAKE_CUDA_ARCHITECTURES ||
  give_up 70 "there is no build without nvcc 12 or newer"
step build 3h cmake --build --preset release || give_up 70 "the build failed"
say "$(printf '%-28s %d' 'kernels that spill registers' "$(grep -c 'Registers are spilled' "$out/build.log")")"
step devices 5m build/release/slalom devices
say "$(grep '^cuda' "$out/devices.log" || true)"
if ! grep -q '^cuda:' "$out/devices.log" || grep -q 'not available' "$out/devices.log"; then
  give_up 69 "there is no GPU that slalom can use"
fi

export SLALOM_REQUIRE_CUDA=1
step tests 2h ctest --preset release -LE cuda -j "$(nproc)"
step device-tests 2h ctest --preset release -L cuda

if [ -n "$sanitizer" ]; then
  for tool in memcheck racecheck initcheck synccheck; do
    for test in build/release/tests/cuda/cuda_*_test; do
      case "$test" in
        *broken* | *shortage* | *device_loss*) continue ;; # fail on purpose
        *plan*) continue ;;                               # use no device
        *trajectory*) [ "$tool" = memcheck ] || continue ;; # long, and of the same kernels as the others
      esac
      # Only slalom's own kernels: sorting in Thrust reads what was never written, by design.
      SLALOM_SEPARATE_ALLOCATIONS=1 step "$tool-$(basename "$test")" 30m \
        "$sanitizer" --tool "$tool" --kernel-regex kns=slalom --error-exitcode 99 --report-api-errors no "$test"
    done
  done
else
  say "compute-sanitizer             left out"
fi

if [ -n "$benchmarks" ]; then
  step benchmarks 2h scripts/bench.sh --no-build --out "$out/benchmarks"
  say "$(cat "$out/benchmarks.log")"
fi

say "$([ "$failed" -eq 0 ] && echo 'all steps passed' || echo 'SOME STEPS FAILED')"
exit "$failed"
