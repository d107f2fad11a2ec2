# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of docs/tutorial.md in their order and compares what they print with what the page shows.

tutorial_test.py SLALOM TUTORIAL: exits with 77 if a package of the last part is missing, unless SLALOM_REQUIRE_PYTHON=1.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

LIMIT = 500  # seconds for all of it
PORT = "8765"  # of the page; another one is taken here


def parts_of(page):
    """("file", name, text) and ("command", line, [shown lines]) in the order of the page."""
    parts = []
    for language, block in re.findall(r"^```([^\n]*)\n(.*?)^```$", page, re.M | re.S):
        if language == "console":
            for line in block.splitlines():
                if line.startswith("$ "):
                    parts.append(("command", line[2:], []))
                else:
                    parts[-1][2].append(line)
        elif " " in language:
            parts.append(("file", language.split()[1], block))
    return parts


def script_of(parts):
    """All commands in one shell up to the first that fails, each between two lines that tell its output from the others."""
    lines = []
    for number, (kind, first, second) in enumerate(parts):
        if kind == "file":
            lines.append("cat > '%s' <<'END OF FILE'\n%sEND OF FILE" % (first, second))
        else:
            lines.append("echo '<<%d>>'\n%s\nstatus=$?\necho \"<</%d>> $status\"\n[ $status = 0 ] || exit 1" % (number, first, number))
    return "exec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n" + "\n".join(lines) + "\n"


def pattern_of(line):
    """`...` stands for anything, and runs of blanks for each other: numbers of other lengths move columns."""
    pieces = [r"[ ]+".join(re.escape(word) for word in re.split(" +", piece)) for piece in line.split("...")]
    return re.compile(".*".join(pieces) + r"\Z")


def first_difference(shown, printed):
    """The first shown line that is not printed in its place, or None. A line `...` stands for any number of lines."""
    at, gap = 0, False
    for line in shown:
        if line == "...":
            gap = True
            continue
        pattern = pattern_of(line)
        candidates = range(at, len(printed)) if gap else range(at, min(at + 1, len(printed)))
        found = next((i for i in candidates if pattern.match(printed[i])), None)
        if found is None:
            return line
        at, gap = found + 1, False
    return None if gap or at == len(printed) else "(nothing more)"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def main(slalom, tutorial):
    try:
        import numpy, onnxruntime  # noqa: F401
    except ImportError as error:
        print(error, "(scripts/setup.sh installs what is missing)")
        return 1 if os.environ.get("SLALOM_REQUIRE_PYTHON") == "1" else 77
    if shutil.which("curl") is None:
        print("no curl here")
        return 77
    port = free_port()
    parts = parts_of(pathlib.Path(tutorial).read_text().replace(PORT, port))
    folder = tempfile.mkdtemp(prefix="slalom-tutorial-")
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    environment["PATH"] = os.pathsep.join([str(pathlib.Path(p).absolute().parent) for p in (slalom, sys.executable)] + [environment["PATH"]])
    try:
        run = subprocess.run(["bash", "-c", script_of(parts)], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, timeout=LIMIT, text=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    failures = 0
    for number, (kind, command, shown) in enumerate(parts):
        if kind == "file":
            continue
        found = re.search(r"^<<%d>>\n(.*?)^<</%d>> (\d+)$" % (number, number), run.stdout, re.M | re.S)
        if found is None:
            print("$ %s\nhas no end; all output:\n%s" % (command, run.stdout))
            return 1
        printed, status = found.group(1).splitlines(), int(found.group(2))
        difference = first_difference(shown, printed)
        if status != 0 or difference is not None:
            failures += 1
            print("$ %s\nended with %d and printed\n%s\nThe page shows, at this place: %s\n" % (command, status, found.group(1), difference))
    print("%d commands, %d differ" % (sum(part[0] == "command" for part in parts), failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
