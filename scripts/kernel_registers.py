#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what ptxas says of every kernel of a configured build: registers, shared memory, stack and spills, as a table.

Compiles every source of kernels/ once more with -Xptxas -v and throws the result away.
  scripts/kernel_registers.py [--build build/release] [--arch sm_90] [NAME ...]
NAME: only sources whose name contains one of these.
"""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys

ENTRY = re.compile(r"Compiling entry function '(\w+)' for '(\w+)'")
STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")
LIBRARIES = ("cub::", "thrust::")
NOISE = re.compile(r"\(anonymous namespace\)::|slalom::cuda::|^void ")


def demangled(names):
    """Names as in the sources, without namespaces and arguments."""
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return [NOISE.sub("", NOISE.sub("", line)).split("(")[0] for line in text.splitlines()]


def compile_verbosely(entry):
    """What nvcc prints for a source of compile_commands.json."""
    command = shlex.split(entry["command"])
    if "ccache" in pathlib.Path(command[0]).name:
        command = command[1:]
    command[command.index("-o") + 1] = "/dev/null"
    done = subprocess.run(command + ["-Xptxas=-v"], cwd=entry["directory"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"kernel_registers.py: {entry['file']}: nvcc failed\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def kernels_of(text, arch):
    """[mangled name, registers, shared bytes, stack bytes, spilled bytes] of every kernel compiled for `arch`."""
    rows, wanted = [], False
    for line in text.splitlines():
        if found := ENTRY.search(line):
            wanted = found[2] == arch
            if wanted:
                rows.append([found[1], 0, 0, 0, 0])
        elif wanted and (found := STACK.search(line)):
            rows[-1][3:] = [int(found[1]), int(found[2]) + int(found[3])]
        elif wanted and (found := USED.search(line)):
            shared = SHARED.search(line)
            rows[-1][1:3] = [int(found[1]), int(shared[1]) if shared else 0]
            wanted = False
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="folder of a configured build (default: %(default)s)")
    parser.add_argument("--arch", default="sm_90", help="compute capability (default: %(default)s)")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    commands = pathlib.Path(options.build) / "compile_commands.json"
    if not commands.exists():
        sys.exit(f"kernel_registers.py: {commands} is not there; configure with CUDA first")
    sources = [entry for entry in json.loads(commands.read_text())
               if pathlib.Path(entry["file"]).suffix == ".cu" and pathlib.Path(entry["file"]).parent.name == "kernels"
               and (not options.names or any(name in entry["file"] for name in options.names))]
    print("| source | kernel | registers | static shared bytes | stack bytes | spilled bytes |\n|---|---|---|---|---|---|")
    n_kernels = 0
    for entry in sorted(sources, key=lambda each: each["file"]):
        rows = kernels_of(compile_verbosely(entry), options.arch)
        n_kernels += len(rows)
        named = sorted(zip(demangled([row[0] for row in rows]), [row[1:] for row in rows]))
        libraries = [row for name, row in named if name.startswith(LIBRARIES)]
        if libraries:
            most = [max(column) for column in zip(*libraries)]
            named.append((f"{len(libraries)} of Thrust, the most of any", most))
        for name, row in named:
            if name.startswith(LIBRARIES):
                continue
            print(f"| {pathlib.Path(entry['file']).name} | {name} | " + " | ".join(map(str, row)) + " |", flush=True)
    if n_kernels == 0:
        sys.exit(f"kernel_registers.py: found no kernel for {options.arch} in {commands}")


if __name__ == "__main__":
    main()
