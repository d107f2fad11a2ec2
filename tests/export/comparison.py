# SPDX-License-Identifier: Apache-2.0
"""Compares arrays within a tolerance for every element; anything that is not provably within it is a mismatch."""
from math import erf

import numpy as np

FLOAT32_ROUNDOFF = 2.0**-24
FLOAT64_ROUNDOFF = 2.0**-53


class Mismatch(Exception):
    """Two results differ by more than rounding explains."""


def require_close(what, actual, expected, tolerance):
    """Raises Mismatch unless |actual - expected| <= tolerance for every element; NaN on any side is a mismatch."""
    actual, expected = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if actual.shape != expected.shape:
        raise Mismatch(f"{what}: found shape {actual.shape}, expected {expected.shape}")
    tolerance = np.broadcast_to(tolerance, expected.shape)
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(actual - expected) <= tolerance)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise Mismatch(
            f"{what}: {int(bad.sum())} of {bad.size} values differ; first at {at}: found {float(actual[at])!r}, "
            f"expected {float(expected[at])!r} within {tolerance[at]:.3g}"
        )


def require_labels(what, actual, expected, undecided):
    """Raises Mismatch unless the labels agree in every row but `undecided` ones, whose best two classes tie."""
    if len(actual) != len(expected):
        raise Mismatch(f"{what}: found {len(actual)} labels, expected {len(expected)}")
    for row, (found, wanted) in enumerate(zip(actual, expected)):
        if found != wanted and not undecided[row]:
            raise Mismatch(f"{what}: row {row}: found {found!r}, expected {wanted!r}")


def forward_with_bound(layers, features, activation, batch_norm):
    """Raw outputs in float64, and how far two float32 computations of them may lie apart.

    layers: (weight [out, in], bias [out]) as exported; features: float32 [N, in], the same bits in both computations.

    Rounding errors are taken as independent with mean 0 and standard deviation u = 2^-24 (Higham & Mary 2019; worst-case
    bounds are a thousand times too wide to find anything), and the products of a sum as of any sign. The k-th partial
    sum is then about sqrt(k / n) |w x| with the Euclidean norm |w x|, and n additions, in any order, have the variance
    u^2 |w x|^2 n / 2. The bias is one more operation. Batch normalisation, folded into the weights or not, is at most 8
    more; it subtracts a mean that is about as large as the rows' mean of |w x|. An activation with Lipschitz constant L
    passes L times its input's error on and adds its own, 2 u (1 + |h|), except relu's. There are two computations, and
    variances add, weighted by the squares of the weights. Returned are 8 standard deviations.
    """
    u = FLOAT32_ROUNDOFF
    functions = {
        "relu": (lambda z: np.maximum(z, 0.0), 1.0),
        "leaky-relu": (lambda z: np.where(z > 0.0, z, 0.01 * z), 1.0),
        "tanh": (np.tanh, 1.0),
        "sigmoid": (lambda z: 1.0 / (1.0 + np.exp(-z)), 0.25),
        "gelu": (lambda z: 0.5 * z * (1.0 + np.vectorize(erf, otypes=[float])(z / np.sqrt(2.0))), 1.13),
        "silu": (lambda z: z / (1.0 + np.exp(-z)), 1.1),
    }
    function, lipschitz = functions[activation]
    value = features.astype(np.float64)
    variance = np.zeros_like(value)
    for i, (weight, bias) in enumerate(layers):
        weight, bias = weight.astype(np.float64), bias.astype(np.float64)
        size = np.sqrt(value**2 @ (weight**2).T)
        operations = weight.shape[1] / 2.0 + 1.0
        if batch_norm and i + 1 < len(layers):
            operations += 8.0
            size += size.mean(axis=0)
        size += np.abs(bias)
        variance = variance @ (weight**2).T + 2.0 * operations * (u * size) ** 2
        value = value @ weight.T + bias
        if i + 1 < len(layers):
            value = function(value)
            own = 0.0 if activation in ("relu", "leaky-relu") else 2.0 * u * (1.0 + np.abs(value))
            variance = lipschitz**2 * variance + 2.0 * own**2
    return value, 8.0 * np.sqrt(variance)
