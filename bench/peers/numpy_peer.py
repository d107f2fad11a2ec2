# SPDX-License-Identifier: Apache-2.0
"""Training in NumPy as one would write it for speed: everything in place, one flat array of parameters, Adam over all of it.

by_epoch: shuffle the data once an epoch and take slices, instead of gathering every batch. Returns (seconds, mean loss of the last
epoch's batches).
"""
import time

import numpy as np

from peers.workloads import RATE


class Adam:
    def __init__(self, n):
        self.m, self.v, self.u, self.t = np.zeros(n, np.float32), np.zeros(n, np.float32), np.empty(n, np.float32), 0

    def step(self, parameters, gradient):
        m, v, u = self.m, self.v, self.u
        self.t += 1
        m *= np.float32(0.9)
        np.multiply(gradient, np.float32(0.1), out=u)
        m += u
        v *= np.float32(0.999)
        np.multiply(gradient, gradient, out=u)
        u *= np.float32(0.001)
        v += u
        np.multiply(v, np.float32(1 / (1 - 0.999**self.t)), out=u)
        np.sqrt(u, out=u)
        u += np.float32(1e-8)
        np.divide(m, u, out=u)
        u *= np.float32(RATE / (1 - 0.9**self.t))
        parameters -= u


class Sgd:
    def __init__(self, n):
        pass

    def step(self, parameters, gradient):
        gradient *= np.float32(RATE)
        parameters -= gradient


def batches(x, y, size, random, by_epoch):
    """The batches of one epoch in a new order."""
    order = random.permutation(len(y))
    if by_epoch:
        xs, ys = x[order], y[order]
        for i in range(0, len(y), size):
            yield xs[i : i + size], ys[i : i + size]
    else:
        for i in range(0, len(y), size):
            at = order[i : i + size]
            yield x.take(at, axis=0), y.take(at)


def run_linear(work, x, y, epochs, by_epoch, sgd):
    features = x.shape[1]
    parameters, gradient = np.zeros(features + 1, np.float32), np.empty(features + 1, np.float32)
    w = parameters[:features]
    rule = (Sgd if sgd else Adam)(features + 1)
    random = np.random.default_rng(1)
    start = time.perf_counter()
    for _ in range(epochs):
        losses = 0.0
        for xb, yb in batches(x, y, work.batch, random, by_epoch):
            z = xb @ w
            z += parameters[features]
            if work.classes:
                e = np.exp(-np.abs(z))
                losses += float((np.maximum(z, 0) - yb * z + np.log1p(e)).sum())
                d = np.where(z >= 0, 1 / (1 + e), e / (1 + e)) - yb
                d /= np.float32(len(yb))
            else:
                d = z - yb
                losses += float(d @ d)
                d *= np.float32(2.0 / len(yb))
            np.dot(d, xb, out=gradient[:features])
            gradient[features] = d.sum()
            rule.step(parameters, gradient)
    return time.perf_counter() - start, losses / len(y)


def run_network(work, x, y, epochs, by_epoch, sgd):
    widths = [x.shape[1], *work.hidden, work.outputs]
    sizes = [(a, b) for a, b in zip(widths, widths[1:])]
    n = sum(a * b + b for a, b in sizes)
    parameters, gradient = np.zeros(n, np.float32), np.empty(n, np.float32)

    def views(flat):
        weights, biases, at = [], [], 0
        for a, b in sizes:
            weights.append(flat[at : at + a * b].reshape(a, b))
            biases.append(flat[at + a * b : at + a * b + b])
            at += a * b + b
        return weights, biases

    weights, biases = views(parameters)
    weight_gradients, bias_gradients = views(gradient)
    random = np.random.default_rng(1)
    for i, weight in enumerate(weights):  # He, last layer Xavier, uniform: as slalom
        last = i + 1 == len(weights)
        limit = np.sqrt(6 / (sum(weight.shape) if last else weight.shape[0]))
        weight[:] = random.uniform(-limit, limit, weight.shape)
    rule = (Sgd if sgd else Adam)(n)
    outputs = [np.empty((work.batch, b), np.float32) for b in widths[1:]]
    deltas = [np.empty((work.batch, b), np.float32) for b in widths[1:]]
    labels = y.astype(np.int64) if work.classes else y
    start = time.perf_counter()
    for _ in range(epochs):
        losses = 0.0
        for xb, yb in batches(x, labels, work.batch, random, by_epoch):
            rows = len(yb)
            inputs = [xb]
            for i, weight in enumerate(weights):
                z = np.dot(inputs[-1], weight, out=outputs[i][:rows])
                z += biases[i]
                if i + 1 < len(weights):
                    np.maximum(z, 0, out=z)
                inputs.append(z)
            d = deltas[-1][:rows]
            if work.classes:
                np.subtract(z, z.max(axis=1, keepdims=True), out=d)
                right = d[np.arange(rows), yb].copy()
                np.exp(d, out=d)
                sums = d.sum(axis=1)
                losses += float((np.log(sums) - right).sum())
                d /= sums[:, None]
                d[np.arange(rows), yb] -= 1
                d /= np.float32(rows)
            else:
                np.subtract(z, yb[:, None], out=d)
                losses += float(np.vdot(d, d))
                d *= np.float32(2 / rows)
            for i in reversed(range(len(weights))):
                np.dot(inputs[i].T, d, out=weight_gradients[i])
                d.sum(axis=0, out=bias_gradients[i])
                if i > 0:
                    back = np.dot(d, weights[i].T, out=deltas[i - 1][:rows])
                    back *= inputs[i] > 0
                    d = back
            rule.step(parameters, gradient)
    return time.perf_counter() - start, losses / len(y)


def run(work, x, y, epochs, variant, sgd):
    return (run_network if work.hidden else run_linear)(work, x, y, epochs, variant == "epoch", sgd)
