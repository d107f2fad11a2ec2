# SPDX-License-Identifier: Apache-2.0
"""The comparator lets rounding pass and nothing else."""
import sys
import unittest

try:
    import numpy as np
except ImportError:
    print("skipped: this Python has no numpy (scripts/setup.sh installs it)")
    sys.exit(77)

from comparison import Mismatch, forward_with_bound, require_close, require_labels


class RequireClose(unittest.TestCase):
    def test_accepts_what_is_within_the_tolerance(self):
        require_close("x", [1.0, 2.0], [1.0 + 1e-7, 2.0], [1e-6, 0.0])

    def test_names_the_first_of_the_values_that_differ(self):
        with self.assertRaisesRegex(Mismatch, r"x: 2 of 3 values differ; first at \(1,\): found 2.0"):
            require_close("x", [1.0, 2.0, 3.0], [1.0, 2.1, 3.1], 1e-6)

    def test_nan_never_passes(self):
        nan, inf = float("nan"), float("inf")
        for actual, expected, tolerance in [(nan, 1.0, 1.0), (1.0, nan, 1.0), (nan, nan, 1.0), (1.0, 1.0, nan),
                                            (nan, nan, inf), (inf, inf, 1.0)]:
            with self.assertRaises(Mismatch):
                require_close("x", [actual], [expected], tolerance)

    def test_shapes_must_agree(self):
        for shape in [(2,), (1, 2), (2, 2), (0,)]:
            with self.assertRaisesRegex(Mismatch, "shape"):
                require_close("x", np.zeros(shape), np.zeros((2, 1)), 1.0)


class RequireLabels(unittest.TestCase):
    def test_rows_must_agree_unless_undecided(self):
        require_labels("x", ["a", "b"], ["a", "a"], [False, True])
        with self.assertRaisesRegex(Mismatch, "row 1: found 'b', expected 'a'"):
            require_labels("x", ["a", "b"], ["a", "a"], [True, False])
        with self.assertRaisesRegex(Mismatch, "found 1 labels, expected 2"):
            require_labels("x", ["a"], ["a", "a"], [True, True])


class Bound(unittest.TestCase):
    def test_holds_for_float32_in_another_order_and_is_not_loose(self):
        random = np.random.default_rng(1)
        for width in [1, 7, 64, 500]:
            features = random.normal(size=(50, width)).astype(np.float32)
            layers = [(random.normal(size=(20, width)).astype(np.float32), random.normal(size=20).astype(np.float32)),
                      (random.normal(size=(3, 20)).astype(np.float32), random.normal(size=3).astype(np.float32))]
            exact, bound = forward_with_bound(layers, features, "relu", batch_norm=False)
            results = []
            for step in [1, -1]:
                hidden = np.zeros((50, 20), np.float32)
                for k in range(width)[::step]:
                    hidden += features[:, k : k + 1] * layers[0][0][:, k]
                hidden = np.maximum(hidden + layers[0][1], np.float32(0))
                raw = np.zeros((50, 3), np.float32)
                for k in range(20)[::step]:
                    raw += hidden[:, k : k + 1] * layers[1][0][:, k]
                results.append((raw + layers[1][1]).astype(np.float64))
            difference = np.abs(results[0] - results[1])
            self.assertTrue((difference <= bound).all(), (difference / bound).max())
            self.assertTrue((np.abs(results[0] - exact) <= bound).all())
            self.assertLess(bound.max(), 1000.0 * max(difference.max(), 1e-7))


if __name__ == "__main__":
    unittest.main()
