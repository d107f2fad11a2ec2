# SPDX-License-Identifier: Apache-2.0
"""bench/compare_peers.py on the real binary with NumPy, and on stand-ins that do not do the same work."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy  # noqa: F401
except ImportError:
    print("skipped: this Python has no numpy (scripts/setup.sh installs it)")
    sys.exit(77)

SLALOM = sys.argv.pop(1)
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench", "compare_peers.py")


def compare(*arguments, slalom=SLALOM):
    command = [sys.executable, SCRIPT, "--slalom", slalom, "--rounds", "1", "--threads", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class ComparePeers(unittest.TestCase):
    def test_compares_linear_models_and_networks_with_numpy(self):
        with tempfile.NamedTemporaryFile() as file:
            done = compare("--workloads", "W1,W5,H3", "--peers", "numpy", "--json", file.name)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            rows = json.load(file)["rows"]
        self.assertEqual([row["workload"] for row in rows], ["W1", "W5", "H3"])
        for row in rows:
            self.assertIn(row["peer"], ("numpy-gather", "numpy-epoch"))
            self.assertGreater(row["slalom_us"], 0)
            self.assertAlmostEqual(row["ratio"], row["times"][row["peer"]][0] / row["times"]["slalom"][0])
        self.assertIn("W5: 20640 rows, 8 features (", done.stdout)

    def test_says_which_peers_are_not_installed(self):
        try:
            import torch  # noqa: F401
        except ImportError:
            done = compare("--workloads", "W1", "--peers", "torch,numpy")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("W1: torch-gather left out: No module named 'torch'", done.stdout)
        else:
            self.skipTest("torch is installed")

    def test_refuses_to_compare_other_work(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = os.path.join(folder, "slalom")
            with open(fake, "w", encoding="ascii") as file:
                file.write('#!/bin/sh\necho \'{"us_per_step": 0.001, "train_loss": 123.0}\'\n')
            os.chmod(fake, 0o755)
            done = compare("--workloads", "W1", "--peers", "numpy", slalom=fake)
        self.assertEqual(done.returncode, 1)
        self.assertIn("W1: slalom's loss is 123.0, that of numpy-gather ", done.stderr)
        self.assertIn("not the same work", done.stderr)

    def test_refuses_what_it_does_not_know(self):
        for arguments, message in (
            (["--workloads", "W9"], "'W9' is not known; expected some of W1, "),
            (["--threads", "many"], "--threads: found 'many', expected numbers"),
        ):
            done = compare(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)
        self.assertIn("is not there", compare(slalom="/nowhere").stderr)


if __name__ == "__main__":
    unittest.main()
