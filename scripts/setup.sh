#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what slalom needs to build and test on Debian 12 or Ubuntu 22.04+: system packages, and a private virtual environment in
# build/venv for what only PyPI has. --dev adds clang with its tools and libFuzzer, valgrind, and what the tests of completions, of the
# manual page, of the tutorial and of pages use. Does nothing that is already done.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints an error and stops. $1: exit status (sysexits), $2: what is wrong and what to do.
fail() {
  echo "setup.sh: $2" >&2
  exit "$1"
}

packages=(cmake ninja-build g++ git ca-certificates ccache python3 python3-venv zlib1g-dev libcli11-dev nlohmann-json3-dev
  libfmt-dev libjs-vega libgtest-dev libgmock-dev libbenchmark-dev libdnnl-dev ocl-icd-opencl-dev opencl-headers
  librandom123-dev libonnx-dev libprotobuf-dev protobuf-compiler librsvg2-dev pkg-config libutf8proc-dev)
for argument in "$@"; do
  case "$argument" in
    --dev)
      packages+=(clang clang-format clang-tidy libomp-dev valgrind groff-base zsh fish curl)
      # Ubuntu has Chromium only as a snap, which is not for root in a container.
      grep -q '^ID=ubuntu' /etc/os-release || packages+=(chromium)
      # Ubuntu 22.04's clang brings libFuzzer itself.
      grep -q '^VERSION_CODENAME=jammy' /etc/os-release || packages+=(libclang-rt-dev)
      ;;
    *) fail 64 "unknown argument '$argument'; expected --dev" ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  fail 69 "this system has no apt-get (Debian 12 and Ubuntu 22.04 or newer are supported). Packages needed: ${packages[*]}"
fi
installed=$(dpkg-query -W -f '${Status}|${Package}\n' | sed -n 's/^install ok installed|//p')
missing=()
for package in "${packages[@]}"; do
  grep -qx -- "$package" <<<"$installed" || missing+=("$package")
done
if ((${#missing[@]})); then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail 77 "not root, and there is no sudo. As root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "setup.sh: installing ${missing[*]}"
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail 69 "apt-get failed; the whole log is in $log"
  fi
  rm -f "$log"
fi

# The distribution's Python, not a private one that is first in PATH: the environment must outlive version switchers.
if ! build/venv/bin/python -c '' 2>/dev/null; then
  mkdir -p build
  /usr/bin/python3 -m venv --clear build/venv
fi
pip_install() {
  build/venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" || fail 69 "pip could not install: $*"
}
stamp=build/venv/requirements.stamp
if ! cmp -s scripts/requirements.txt "$stamp"; then
  echo "setup.sh: installing $(grep -v '^#' scripts/requirements.txt | tr '\n' ' ')into build/venv"
  pip_install -r scripts/requirements.txt
  cp scripts/requirements.txt "$stamp"
fi

# Sources that are compiled into the binary (cmake/SlalomRender.cmake). Nothing of the package is run but what pip asks for its name.
quickjs=build/venv/quickjs
if ! cmp -s scripts/quickjs.txt "$quickjs/requirements.stamp"; then
  echo "setup.sh: fetching the sources of QuickJS-ng into $quickjs"
  download=$(mktemp -d)
  build/venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: -d "$download" \
    -r scripts/quickjs.txt || fail 69 "pip could not download the packages of scripts/quickjs.txt"
  rm -rf "$quickjs"
  mkdir -p "$quickjs"
  tar -xzf "$download"/*.tar.gz -C "$quickjs" --strip-components=2 --wildcards '*/upstream-quickjs/*'
  cp scripts/quickjs.txt "$quickjs/requirements.stamp"
  rm -rf "$download"
fi

# Ubuntu 22.04's cmake is too old for the presets; PyPI has a newer one. The other scripts put build/venv/bin first in PATH.
if [ ! -x build/venv/bin/cmake ]; then
  version=$(cmake --version | sed -n '1s/[^0-9]*//p')
  if [ "$(printf '%s\n3.25\n' "$version" | sort -V | head -n 1)" != "3.25" ]; then
    echo "setup.sh: cmake $version is older than 3.25; installing a newer one into build/venv"
    pip_install 'cmake>=3.25,<4'
  fi
fi
