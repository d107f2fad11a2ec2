# SPDX-License-Identifier: Apache-2.0
"""scripts/bench_table.py on made-up results, and the flags of scripts/bench.sh."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SCRIPTS = os.path.join(ROOT, "scripts")
sys.dont_write_bytecode = True
sys.path.insert(0, SCRIPTS)
import bench_table  # noqa: E402


def run(name, microseconds, **more):
    return {"name": name + "/real_time", "run_type": "iteration", "real_time": microseconds, "time_unit": "us", **more}


def document(benchmarks, cuda="none: no NVIDIA driver"):
    context = {"date": "2026-01-01T00:00:00+00:00", "num_cpus": 2, "mhz_per_cpu": 2600, "load_avg": [0.5], "threads": "2"}
    context |= {"slalom_version": "0.1.0", "slalom_build": "optimised", "cuda_device": cuda, "roofline_1_thread": "20.0 GB/s"}
    return {"context": context, "benchmarks": benchmarks}


def printed(benchmarks, **more):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        bench_table.print_all(document(benchmarks, **more))
    return text.getvalue()


def cells(text, start):
    """The cells of the line that starts with `start`: two blanks or more lie between them."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


class BenchTable(unittest.TestCase):
    def test_sets_devices_side_by_side(self):
        text = printed(
            [
                run("Step/linear/reference/d:8/batch:32/adam", 1.0),
                run("Step/linear/cpu/d:8/batch:32/adam", 0.1, **{"roofline%": 42.0}),
                run("Step/linear/cuda/d:8/batch:32/adam", 2.0, **{"roofline%": 1.0}),
            ],
            cuda="NVIDIA H100",
        )
        header = ["Step, seconds", "reference", "cpu", "cuda", "reference / cpu", "reference / cuda", "cpu / cuda"]
        self.assertEqual(cells(text, "Step, seconds"), header + ["cpu roofline", "cuda roofline"])
        row = ["linear/d:8/batch:32/adam", "1 us", "100 ns", "2 us", "10x", "0.5x", "0.05x", "42 %", "1 %"]
        self.assertEqual(cells(text, "linear/d:8/batch:32/adam"), row)

    def test_says_that_there_is_no_gpu(self):
        text = printed([run("Step/linear/cpu/d:8/batch:32/adam", 0.1)])
        self.assertIn("cuda: none: no NVIDIA driver (its columns are left out)\n", text)
        self.assertNotIn("cuda", "".join(line for line in text.splitlines() if line.startswith("Step")))

    def test_takes_medians_of_repetitions_and_no_aggregates(self):
        runs = [run("Order/rows:8/repeats:3", time, **{"rows/s": 8e6 / time}) for time in (3.0, 1.0, 2.0)]
        runs.append(run("Order/rows:8/repeats:3_mean", 99.0) | {"run_type": "aggregate"})
        self.assertEqual(cells(printed(runs), "rows:8"), ["rows:8", "2 us", "4 Mrows/s"])

    def test_compares_threads_and_separate_passes(self):
        text = printed(
            [
                run("Threads/mlp/cpu/d:8/threads:1", 8.0),
                run("Threads/mlp/cpu/d:8/threads:2", 5.0),
                run("Optimizer/adam/cpu/n:64/fused", 1.0),
                run("Optimizer/adam/cpu/n:64/separate", 3.0),
            ]
        )
        self.assertEqual(cells(text, "mlp/cpu/d:8/threads:2")[:3], ["mlp/cpu/d:8/threads:2", "5 us", "1.6x"])
        self.assertEqual(cells(text, "adam/cpu/n:64/fused")[:3], ["adam/cpu/n:64/fused", "1 us", "3x"])

    def test_shows_failed_checks(self):
        wrong = run("Epoch/linear/cpu/d:8/batch:32/adam", 0.0, error_occurred=True, error_message="final loss: 2")
        text = printed([run("Epoch/linear/reference/d:8/batch:32/adam", 5.0), wrong])
        self.assertEqual(cells(text, "linear/d:8/batch:32/adam"), ["linear/d:8/batch:32/adam", "5 us", "FAILED", "-", "-"])
        self.assertIn("FAILED: Epoch/linear/cpu/d:8/batch:32/adam: final loss: 2\n", text)


class CommandLine(unittest.TestCase):
    def expect(self, command, status, message):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertIn(message, done.stderr)

    def test_bench_table_names_what_it_cannot_read(self):
        table = os.path.join(SCRIPTS, "bench_table.py")
        self.expect([sys.executable, table], 64, "usage: ")
        self.expect([sys.executable, table, "/nowhere.json"], 66, "/nowhere.json")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write("{")
            file.flush()
            self.expect([sys.executable, table, file.name], 65, "not JSON")

    def test_bench_sh_refuses_wrong_flags(self):
        script = os.path.join(SCRIPTS, "bench.sh")
        self.expect([script, "--fast"], 64, "bench.sh: unknown argument '--fast'")
        self.expect([script, "--threads", "two"], 64, "bench.sh: --threads: found 'two', expected a number from 1 to 1024")
        self.expect([script, "--filter"], 64, "bench.sh: --filter: missing value")
        self.expect([script, "--no-build", "--preset", "nothing"], 66, "bench.sh: build/nothing/bench/slalom_bench is not there")


if __name__ == "__main__":
    unittest.main()
