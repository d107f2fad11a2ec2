# SPDX-License-Identifier: Apache-2.0
"""Training in PyTorch as an expert would write it for small data: tensors sliced by a permutation, no DataLoader.

Variants: gather (every batch by index_select, fused optimiser), epoch (data shuffled once an epoch, then slices, fused optimiser),
foreach (epoch with the foreach optimiser), compile (epoch with torch.compile of forward and loss, fused optimiser). Returns
(seconds, mean loss of the last epoch's batches); warm-up and compilation are not timed.
"""
import time

import torch

from peers.workloads import RATE


def make_model(work, features):
    """Starts as slalom does: zeros without hidden layers; He, last layer Xavier, uniform."""
    widths = [features, *work.hidden, work.outputs]
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layer = torch.nn.Linear(a, b)
        torch.nn.init.zeros_(layer.bias)
        if not work.hidden:
            torch.nn.init.zeros_(layer.weight)
        elif i + 2 < len(widths):
            torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        else:
            torch.nn.init.xavier_uniform_(layer.weight)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def make_loss(work, model):
    function = torch.nn.functional
    if work.classes > 2:
        return lambda xb, yb: function.cross_entropy(model(xb), yb)
    if work.classes:
        return lambda xb, yb: function.binary_cross_entropy_with_logits(model(xb).squeeze(1), yb)
    return lambda xb, yb: function.mse_loss(model(xb).squeeze(1), yb)


def make_optimizer(model, variant, sgd):
    how = {"foreach": True} if variant == "foreach" else {"fused": True}
    kind = torch.optim.SGD if sgd else torch.optim.Adam
    return kind(model.parameters(), lr=RATE, **how)


def step(loss_of, optimizer, xb, yb):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(xb, yb)
    loss.backward()
    optimizer.step()
    return loss.detach()


def run(work, x, y, epochs, variant, sgd, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if work.classes > 2:
        y = y.long()
    rows = len(y)
    model = make_model(work, x.shape[1])
    loss_of = make_loss(work, model)
    if variant == "compile":
        loss_of = torch.compile(loss_of, dynamic=False)
    start_values = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = make_optimizer(model, variant, sgd)
    tail = rows % work.batch or work.batch
    for size in (work.batch, tail) * 2:  # both shapes that there are
        step(loss_of, optimizer, x[:size], y[:size])
    model.load_state_dict(start_values)
    optimizer = make_optimizer(model, variant, sgd)
    start = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(rows)
        by_epoch = variant != "gather"
        xs, ys = (x[order], y[order]) if by_epoch else (x, y)
        losses = torch.zeros(())
        for i in range(0, rows, work.batch):
            if by_epoch:
                xb, yb = xs[i : i + work.batch], ys[i : i + work.batch]
            else:
                at = order[i : i + work.batch]
                xb, yb = xs.index_select(0, at), ys.index_select(0, at)
            losses += step(loss_of, optimizer, xb, yb) * len(yb)
    return time.perf_counter() - start, float(losses) / rows
