#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what slalom needs to build and test on Debian 12 or Ubuntu 22.04+; does nothing that is already done.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(cmake ninja-build g++ git ca-certificates ccache python3-venv zlib1g-dev libcli11-dev nlohmann-json3-dev
  libspdlog-dev libfmt-dev libgtest-dev libgmock-dev libbenchmark-dev libdnnl-dev librandom123-dev libonnx-dev libprotobuf-dev
  protobuf-compiler)

if ! command -v apt-get >/dev/null; then
  echo "setup.sh: no apt-get here. Install yourself: ${packages[*]}" >&2
  exit 69
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  sudo=""
  if [ "$(id -u)" -ne 0 ]; then sudo="sudo"; fi
  echo "setup.sh: installing ${missing[*]}"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

python=/usr/bin/python3
if [ ! -x "$python" ]; then python=python3; fi
if [ ! -x build/venv/bin/python ]; then
  mkdir -p build
  "$python" -m venv build/venv
fi
stamp=build/venv/requirements.stamp
if ! cmp -s scripts/requirements.txt "$stamp"; then
  echo "setup.sh: installing $(grep -v '^#' scripts/requirements.txt | tr '\n' ' ')into build/venv"
  build/venv/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/requirements.txt
  cp scripts/requirements.txt "$stamp"
fi

# Ubuntu 22.04's cmake is too old for the presets; PyPI has a newer one.
version=$(cmake --version | sed -n '1s/[^0-9]*//p')
if [ "$(printf '%s\n3.25\n' "$version" | sort -V | head -n 1)" != "3.25" ] && [ ! -x build/venv/bin/cmake ]; then
  echo "setup.sh: cmake $version is older than 3.25; installing a newer one into build/venv"
  build/venv/bin/python -m pip install --quiet --disable-pip-version-check 'cmake>=3.25,<4'
fi
