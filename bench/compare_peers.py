#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times the same training jobs in slalom, PyTorch, NumPy and scikit-learn, in turns, and prints how many times faster slalom is.

Every peer is written as its users would write it for speed; where there are two ways, both run and the better counts. Every
run is a process of its own with the same data, start, learning rate, batch size, number of epochs and threads; rows are shuffled
every epoch, and that is part of the time; reading files is not. Rounds alternate between the programs, so that a machine that
slows down slows all of them; the printed ratio is the median over rounds. All must reach the same training loss (5 %).
slalom is timed in a run of its own with more epochs, because its runs would otherwise end before a clock tick of the scheduler.
How and why: docs/performance.md.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

WORKLOADS = {
    # rows, features, batch size, classes, epochs a run
    "W1": (20640, 8, 32, False, 20),
    "W2": (200000, 512, 256, False, 3),
    "W3": (463715, 90, 1024, False, 5),
    "W4": (32561, 123, 128, True, 20),
}
SLALOM_EPOCHS = {"W1": 1000, "W2": 6, "W3": 10, "W4": 200}  # of the run that is timed: a good part of a second
PEERS = ["torch-gather", "torch-epoch", "numpy-gather", "numpy-epoch", "sklearn"]
RATE = 1e-3


def make_data(name):
    import numpy as np

    rows, features, _, classes, _ = WORKLOADS[name]
    random = np.random.default_rng(1)
    x = random.standard_normal((rows, features), dtype=np.float32)
    w = random.standard_normal(features, dtype=np.float32) / np.float32(np.sqrt(features))
    y = x @ w + np.float32(0.5) * random.standard_normal(rows, dtype=np.float32)
    y = (y > 0).astype(np.float32) if classes else (y - y.mean()) / y.std()
    return np.column_stack([x, y]).astype(np.float32)


# Each returns (seconds, mean loss of the last epoch's batches) of `epochs` epochs.


def run_numpy(x, y, batch, classes, epochs, by_epoch, sgd):
    import numpy as np

    rows, features = x.shape
    w, b = np.zeros(features, np.float32), np.float32(0)
    m, v = np.zeros(features + 1, np.float32), np.zeros(features + 1, np.float32)
    g, u, t = np.empty(features + 1, np.float32), np.empty(features + 1, np.float32), 0
    random = np.random.default_rng(1)
    start = time.perf_counter()
    for _ in range(epochs):
        order = random.permutation(rows)
        xs, ys = (x[order], y[order]) if by_epoch else (x, y)
        losses = 0.0
        for i in range(0, rows, batch):
            if by_epoch:
                xb, yb = xs[i : i + batch], ys[i : i + batch]
            else:
                at = order[i : i + batch]
                xb, yb = xs.take(at, axis=0), ys.take(at)
            z = xb @ w
            z += b
            if classes:
                e = np.exp(-np.abs(z))
                losses += float((np.maximum(z, 0) - yb * z + np.log1p(e)).sum())
                d = np.where(z >= 0, 1 / (1 + e), e / (1 + e)) - yb
                d /= np.float32(len(yb))
            else:
                d = z - yb
                losses += float(d @ d)
                d *= np.float32(2.0 / len(yb))
            np.dot(d, xb, out=g[:features])
            g[features] = d.sum()
            if sgd:
                g *= np.float32(RATE)
                w -= g[:features]
                b -= g[features]
                continue
            t += 1
            m *= np.float32(0.9)
            np.multiply(g, np.float32(0.1), out=u)
            m += u
            v *= np.float32(0.999)
            np.multiply(g, g, out=u)
            u *= np.float32(0.001)
            v += u
            np.multiply(v, np.float32(1 / (1 - 0.999**t)), out=u)
            np.sqrt(u, out=u)
            u += np.float32(1e-8)
            np.divide(m, u, out=u)
            u *= np.float32(RATE / (1 - 0.9**t))
            w -= u[:features]
            b -= u[features]
    return time.perf_counter() - start, losses / rows


def run_torch(x, y, batch, classes, epochs, by_epoch, sgd, threads):
    import torch

    torch.set_num_threads(threads)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    rows, features = x.shape
    model = torch.nn.Linear(features, 1)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimizer = (
        torch.optim.SGD(model.parameters(), lr=RATE, fused=True)
        if sgd
        else torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    )
    function = torch.nn.functional
    loss_of = function.binary_cross_entropy_with_logits if classes else function.mse_loss
    start = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(rows)
        xs, ys = (x[order], y[order]) if by_epoch else (x, y)
        losses = torch.zeros(())
        for i in range(0, rows, batch):
            if by_epoch:
                xb, yb = xs[i : i + batch], ys[i : i + batch]
            else:
                at = order[i : i + batch]
                xb, yb = xs.index_select(0, at), ys.index_select(0, at)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(xb).squeeze(1), yb)
            loss.backward()
            optimizer.step()
            losses += loss.detach() * len(yb)
    return time.perf_counter() - start, float(losses) / rows


def run_sklearn(x, y, classes, epochs):
    """Plain SGD row by row: it has neither mini-batches nor Adam. Timed for as many rows as a batch has."""
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    kind = SGDClassifier if classes else SGDRegressor
    loss = "log_loss" if classes else "squared_error"
    model = kind(loss=loss, penalty=None, learning_rate="constant", eta0=RATE, max_iter=epochs, tol=None, random_state=1)
    start = time.perf_counter()
    model.fit(x, y)
    return time.perf_counter() - start, None


def worker(options):
    import numpy as np

    table = np.load(options.data)
    x, y = np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1])
    _, _, batch, classes, epochs = WORKLOADS[options.workload]
    peer, sgd = options.worker, options.optimizer == "sgd"
    if peer.startswith("numpy"):
        seconds, loss = run_numpy(x, y, batch, classes, epochs, peer.endswith("epoch"), sgd)
    elif peer.startswith("torch"):
        seconds, loss = run_torch(x, y, batch, classes, epochs, peer.endswith("epoch"), sgd, options.thread_count)
    else:
        seconds, loss = run_sklearn(x, y, classes, epochs)
    print(json.dumps({"us_per_step": 1e6 * seconds / (epochs * -(-len(y) // batch)), "loss": loss}))


def run_slalom(options, workload, data, threads, optimizer, epochs):
    _, _, batch, classes, _ = WORKLOADS[workload]
    command = [
        options.slalom, "train", "--data", data, "--target", "-1", "--valid-fraction", "0", "--device", "cpu",
        "--model", "logistic" if classes else "linear", "--optimizer", optimizer, "--lr", str(RATE),
        "--batch-size", str(batch), "--epochs", str(epochs), "--threads", str(threads), "--json", "--quiet",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_peers.py: {' '.join(command)}\nended with {done.returncode}: {done.stderr}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return {"us_per_step": result["us_per_step"], "loss": result["train_loss"]}


def run_peer(peer, workload, data, threads, optimizer):
    """None: the peer is not installed."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    environment.update(MKL_NUM_THREADS=str(threads), MALLOC_TRIM_THRESHOLD_="1000000000", MALLOC_MMAP_THRESHOLD_="1000000000")
    environment.pop("OPENBLAS_CORETYPE", None)  # it halves matrix products
    command = [sys.executable, os.path.abspath(__file__), "--worker", peer, "--workload", workload, "--data", data]
    command += ["--thread-count", str(threads), "--optimizer", optimizer]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        if "ModuleNotFoundError" in done.stderr:
            return None
        sys.exit(f"compare_peers.py: {peer} failed on {workload}:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(options, workload, data, threads, optimizer):
    results = {}
    peers = [p for p in options.peers if p != "sklearn" or (optimizer == "sgd" and threads == 1)]
    for _ in range(options.rounds):
        mine = run_slalom(options, workload, data, threads, optimizer, WORKLOADS[workload][4])
        mine["us_per_step"] = run_slalom(options, workload, data, threads, optimizer, SLALOM_EPOCHS[workload])["us_per_step"]
        results.setdefault("slalom", []).append(mine["us_per_step"])
        for peer in list(peers):
            theirs = run_peer(peer, workload, data, threads, optimizer)
            if theirs is None:
                peers.remove(peer)
                print(f"{workload}: {peer}: not installed, left out", flush=True)
                continue
            loss = theirs["loss"]
            if loss is not None and not abs(loss - mine["loss"]) <= 0.05 * abs(loss):
                sys.exit(f"compare_peers.py: {workload}: slalom's loss is {mine['loss']}, {peer}'s {loss}: not the same work")
            results.setdefault(peer, []).append(theirs["us_per_step"])
    mine = results["slalom"]
    for program, times in results.items():
        ratio = statistics.median(t / m for t, m in zip(times, mine))
        print(
            f"{workload:4} {optimizer:5} {threads} thread{'s' if threads > 1 else ' '} {program:13} "
            f"{statistics.median(times):10.2f} us a step (best {min(times):.2f})  {ratio:7.1f} x slalom's time",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slalom", default="build/release/slalom", help="the binary (default: %(default)s)")
    parser.add_argument("--workloads", default="W1,W2,W3,W4", help="default: %(default)s")
    parser.add_argument("--peers", default=",".join(PEERS), help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    for flag in ("--worker", "--workload", "--data", "--optimizer"):
        parser.add_argument(flag, help=argparse.SUPPRESS)
    parser.add_argument("--thread-count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options)
        return
    import numpy as np

    options.peers = options.peers.split(",")
    with tempfile.TemporaryDirectory() as folder:
        for workload in options.workloads.split(","):
            data = os.path.join(folder, workload + ".npy")
            np.save(data, make_data(workload))
            for threads in map(int, options.threads.split(",")):
                compare(options, workload, data, threads, "adam")
            if "sklearn" in options.peers and workload in ("W1", "W4"):
                compare(options, workload, data, 1, "sgd")
            os.remove(data)


if __name__ == "__main__":
    main()
