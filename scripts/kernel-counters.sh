#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints what the kernels of a standard set of trainings do in one epoch after warm-up, from any launcher that counts: it must
# write a JSON report to the file that an environment variable names. docs/kernels.md explains the table and the report.
#   SLALOM_TEST_LAUNCHER='launcher;option;--' scripts/kernel-counters.sh --report-variable NAME [--build DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
usage="usage: SLALOM_TEST_LAUNCHER='launcher;option;--' scripts/kernel-counters.sh --report-variable NAME [--build DIR]"
variable=""
build=build/release
while [ $# -gt 0 ]; do
  case "$1" in
    --report-variable | --build)
      [ $# -ge 2 ] || { echo "kernel-counters.sh: $1: missing value; $usage" >&2; exit 64; }
      if [ "$1" = --build ]; then build=$2; else variable=$2; fi
      shift 2
      ;;
    *)
      echo "kernel-counters.sh: unknown argument '$1'; $usage" >&2
      exit 64
      ;;
  esac
done
if [ -z "$variable" ] || [ -z "${SLALOM_TEST_LAUNCHER:-}" ]; then
  echo "kernel-counters.sh: no launcher or no --report-variable; $usage" >&2
  exit 64
fi
workload="$build/tests/cuda/cuda_epoch_workload"
if [ ! -x "$workload" ]; then
  echo "kernel-counters.sh: $workload is not there; build the target cuda_epoch_workload" >&2
  exit 66
fi
exec python3 scripts/kernel_counters.py "$variable" "$workload"
