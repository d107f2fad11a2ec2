# SPDX-License-Identifier: Apache-2.0
"""Runs workloads under a launcher that counts and prints one epoch's counters (called by kernel-counters.sh)."""

import json
import os
import subprocess
import sys
import tempfile

SECTOR = 32  # bytes

# name: loss, features, hidden, outputs, rows, batch, members, optimizer
JOBS = {
    "linear d 8, batch 32": ("mse", 8, "-", 1, 4096, 32, 1, "adam"),
    "256 of linear d 8, batch 32": ("mse", 8, "-", 1, 2048, 32, 256, "adam"),
    "logistic d 123, batch 128": ("bce", 123, "-", 1, 4096, 128, 1, "adam"),
    "softmax d 64, 10 classes, batch 64": ("cross-entropy", 64, "-", 10, 16384, 64, 1, "adam"),
    "linear d 512, batch 256": ("mse", 512, "-", 1, 4096, 256, 1, "adam"),
    "linear d 90, batch 1024": ("mse", 90, "-", 1, 8192, 1024, 1, "adam"),
    "network 8-64-64-1, batch 64": ("mse", 8, "64,64", 1, 2048, 64, 1, "adam"),
    "network 784-256-128-10, batch 128": ("cross-entropy", 784, "256,128", 10, 4096, 128, 1, "adam"),
}
RULES = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "rmsprop:centered", "rmsprop:momentum",
         "rmsprop:centered:momentum", "adam", "adamw", "amsgrad", "nadam", "lion", "ftrl", "averaged-sgd"]
RULE_JOB = ("mse", 64, "700", 8, 256, 64, 1)  # too large for one multiprocessor

SUMS = ["launches", "launches_in_graphs", "global_load_sectors", "global_store_sectors", "global_load_bytes",
        "unique_read_bytes", "unique_write_bytes", "shared_wavefronts", "shared_ideal_wavefronts"]
POLL = 4  # bytes
WAITING_KERNELS = ("linear_grid", "linear_tiles")  # blocks of these poll a counter while they wait for each other


class Launcher:
    """Runs the workload with SLALOM_TEST_LAUNCHER before it and reads the report."""

    def __init__(self, variable, workload):
        self.command = [part for part in os.environ["SLALOM_TEST_LAUNCHER"].split(";") if part]
        self.variable = variable
        self.workload = workload

    def run(self, epochs, job):
        """The report of a run of `epochs` epochs, and what the workload says that an epoch needs."""
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            command = self.command + [self.workload, str(epochs)] + [str(argument) for argument in job]
            done = subprocess.run(command, env={**os.environ, self.variable: report.name}, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"kernel-counters.sh: {' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
            return json.load(open(report.name)), json.loads(done.stdout.strip().splitlines()[-1])


def totals(report, wanted=""):
    """Counters summed over the kernels whose name contains `wanted`."""
    result = dict.fromkeys(SUMS + ["ideal_sectors", "polls"], 0)
    for kernel in report["kernels"]:
        if wanted not in kernel["name"]:
            continue
        for name in SUMS:
            result[name] += kernel[name]
        sectors = kernel["global_load_sectors"] + kernel["global_store_sectors"]
        result["ideal_sectors"] += kernel["sector_efficiency"] * sectors
        if any(name in kernel["name"] for name in WAITING_KERNELS):  # their other loads use whole sectors
            unused = kernel["global_load_sectors"] * SECTOR - kernel["global_load_bytes"]
            result["polls"] += unused / (SECTOR - POLL)
    calls = report["host_calls"]
    result["synchronisations"] = sum(count for name, count in calls.items() if "Synchronize" in name)
    result["graph_launches"] = calls.get("graph_launches", calls.get("cudaGraphLaunch", 0))
    return result


def one_epoch(launcher, job, wanted=""):
    """Counters of the third epoch: those of three epochs less those of two."""
    (three, minimum), (two, _) = launcher.run(3, job), launcher.run(2, job)
    more, less = totals(three, wanted), totals(two, wanted)
    return {name: more[name] - less[name] for name in more}, minimum


def ratio(a, b):
    return f"{a / b:.3f}" if b else "-"


def print_table(rows):
    for index, row in enumerate(rows):
        print("| " + " | ".join(str(cell) for cell in row) + " |")
        if index == 0:
            print("|" + "---|" * len(row))


def main(variable, workload):
    launcher = Launcher(variable, workload)
    rows = [["one epoch of", "steps", "kernels", "of these in graphs", "graph launches", "waits of the host",
             "bytes read from DRAM", "/ least", "bytes requested / least", "less polls",
             "sector efficiency", "shared wavefronts / ideal"]]
    for name, job in JOBS.items():
        c, least = one_epoch(launcher, job)
        sectors = c["global_load_sectors"] + c["global_store_sectors"]
        rows.append([name, least["steps"], c["launches"], c["launches_in_graphs"], c["graph_launches"],
                     c["synchronisations"], c["unique_read_bytes"], ratio(c["unique_read_bytes"], least["read"]),
                     ratio(c["global_load_sectors"] * SECTOR, least["requested"]),
                     ratio((c["global_load_sectors"] - c["polls"]) * SECTOR, least["requested"]),
                     f"{100 * c['ideal_sectors'] / sectors:.1f} %" if sectors else "-",
                     ratio(c["shared_wavefronts"], c["shared_ideal_wavefronts"])])
    print_table(rows)
    print()
    rows = [["optimiser kernel of", "state values", "floats read a parameter", "least", "floats written a parameter",
             "least", "sector efficiency"]]
    for rule in RULES:
        c, least = one_epoch(launcher, RULE_JOB + (rule,), "optimizer")
        values = 4 * least["parameters"] * c["launches"]
        sectors = c["global_load_sectors"] + c["global_store_sectors"]
        rows.append([rule, least["slots"], ratio(c["unique_read_bytes"], values), 2 + least["slots"],
                     ratio(c["unique_write_bytes"], values), 1 + least["slots"],
                     f"{100 * c['ideal_sectors'] / sectors:.1f} %" if sectors else "-"])
    print_table(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
