#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the JSON that build/release/bench/slalom_bench writes as tables; of several repetitions, medians.

usage: scripts/bench_table.py benchmarks.json
"""
import json
import statistics
import sys

DEVICES = ("reference", "cpu", "cuda")
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
RATES = ("samples/s", "rows/s", "cells/s", "parameters/s", "bytes/s", "FLOP/s")


class Result:
    """One benchmark: its name in parts without google benchmark's own, median seconds and counters, or its error."""

    def __init__(self, name, runs):
        self.name = name
        self.parts = name.split("/")
        self.error = next((run["error_message"] for run in runs if run.get("error_occurred")), None)
        runs = [run for run in runs if not run.get("error_occurred")]
        if self.error is None:
            self.seconds = statistics.median(run["real_time"] * SECONDS[run["time_unit"]] for run in runs)
            counters = [key for key in RATES + ("roofline%",) if key in runs[0]]
            self.counters = {key: statistics.median(run[key] for run in runs) for key in counters}


def read_results(document):
    """The results by name, in the order in which they ran."""
    runs = {}
    for run in document["benchmarks"]:
        if run.get("run_type", "iteration") != "iteration":
            continue  # aggregates: they are worked out here
        parts = [part for part in run["name"].split("/") if part != "real_time" and not part.startswith("repeats:")]
        runs.setdefault("/".join(parts), []).append(run)
    return {name: Result(name, of_name) for name, of_name in runs.items()}


def seconds_text(seconds):
    for unit in ("s", "ms", "us", "ns"):
        if seconds >= SECONDS[unit] or unit == "ns":
            return f"{seconds / SECONDS[unit]:.3g} {unit}" if seconds < 1000 else f"{seconds:.0f} s"


def rate_text(name, value):
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")):
        if value >= factor:
            return f"{value / factor:.3g} {letter}{name}"
    return f"{value:.3g} {name}"


def print_table(rows):
    """Columns as wide as they need to be; the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join(cells).rstrip())
    print()


def cell(result):
    if result is None:
        return "-"
    return "FAILED" if result.error else seconds_text(result.seconds)


def ratio(slower, faster):
    if slower is None or faster is None or slower.error or faster.error:
        return "-"
    return f"{slower.seconds / faster.seconds:.3g}x"


def roofline(result):
    if result is None or result.error or "roofline%" not in result.counters:
        return "-"
    return f"{result.counters['roofline%']:.3g} %"


def print_devices(title, results, devices):
    """PREFIX/MODEL/DEVICE/SHAPE: a row a model and shape, a column a device."""
    rows = {}
    for result in results:
        key = "/".join(result.parts[1:2] + result.parts[3:])
        rows.setdefault(key, {})[result.parts[2]] = result
    table = [[title] + list(devices)]
    pairs = [(a, b) for i, a in enumerate(devices) for b in devices[i + 1 :]]
    table[0] += [f"{a} / {b}" for a, b in pairs] + [f"{device} roofline" for device in devices if device != "reference"]
    for key, found in rows.items():
        row = [key] + [cell(found.get(device)) for device in devices]
        row += [ratio(found.get(a), found.get(b)) for a, b in pairs]
        table.append(row + [roofline(found.get(device)) for device in devices if device != "reference"])
    print_table(table)


def print_against(title, results, part, baseline):
    """Rows next to the result whose `part` (a predicate on name parts) is `baseline` and whose other parts are the same."""
    by_key = {}
    for result in results:
        rest = "/".join(p for p in result.parts[1:] if not part(p))
        by_key.setdefault(rest, {})[next((p for p in result.parts if part(p)), "")] = result
    table = [[title, "time", f"speed-up over {baseline}", "roofline", "rate"]]
    for rest, found in by_key.items():
        for variant, result in found.items():
            rate = "-"
            if not result.error:
                rate = next((rate_text(key, result.counters[key]) for key in RATES if key in result.counters), "-")
            table.append([f"{rest}/{variant}".strip("/"), cell(result), ratio(found.get(baseline), result), roofline(result), rate])
    print_table(table)


def print_rates(title, results):
    table = [[title, "time", "rates", "", ""]]
    for result in results:
        rates = []
        if not result.error:
            rates = [rate_text(key, result.counters[key]) for key in RATES if key in result.counters]
        table.append(["/".join(result.parts[1:]), cell(result)] + (rates + ["", "", ""])[:3])
    print_table(table)


def print_all(document):
    results = read_results(document)
    context = document["context"]
    print(f"{context['date']}  {context['num_cpus']} CPUs at {context['mhz_per_cpu']} MHz, load average {context.get('load_avg')}")
    print(f"slalom {context['slalom_version']}, {context['slalom_build']}; cpu: {context['threads']} threads")
    for key in sorted(context):
        if key.startswith("roofline_"):
            print(f"roofline of {key[9:].replace('_', ' ')}: {context[key]}")
    print(f"cuda: {context['cuda_device']}" + (" (its columns are left out)" if context["cuda_device"].startswith("none") else ""))
    print()
    of_topic = {}
    for result in results.values():
        of_topic.setdefault(result.parts[0], []).append(result)
    seen = {result.parts[2] for result in results.values() if result.parts[0] in ("Epoch", "Step", "Population")}
    devices = [device for device in DEVICES if device in seen]
    for topic, of_it in of_topic.items():
        if topic in ("Epoch", "Step", "Population"):
            present = [device for device in devices if any(device in result.parts for result in of_it)]
            print_devices(f"{topic}, seconds", of_it, present)
        elif topic in ("Threads", "Workload", "WorkloadSteps", "ReadMemory"):
            print_against(topic, of_it, lambda part: part.startswith("threads:"), "threads:1")
        elif topic == "Optimizer":
            print_against(topic, of_it, lambda part: part in ("fused", "separate"), "separate")
        elif topic == "Gather":
            print_against(topic, of_it, lambda part: part in ("in-order", "shuffled"), "in-order")
        else:
            print_rates(topic, of_it)
    for result in results.values():
        if result.error:
            print(f"FAILED: {result.name}: {result.error}")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            document = json.load(file)
    except OSError as error:
        print(f"bench_table.py: {error}", file=sys.stderr)
        sys.exit(66)
    except json.JSONDecodeError as error:
        print(f"bench_table.py: {sys.argv[1]}: not JSON: {error}", file=sys.stderr)
        sys.exit(65)
    print_all(document)


if __name__ == "__main__":
    main()
