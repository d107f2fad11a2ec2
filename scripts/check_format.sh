#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks that every C++ and CUDA source is formatted as .clang-format says (version 14); --fix: formats them.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(--dry-run --Werror)
case "${1:-}" in
  "") ;;
  --fix) mode=(-i) ;;
  *)
    echo "check_format.sh: unknown argument '$1'; expected --fix" >&2
    exit 64
    ;;
esac
git ls-files -z '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs -0 -r clang-format "${mode[@]}"
