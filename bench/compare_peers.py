#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times the same training jobs in slalom, PyTorch, NumPy and scikit-learn, in turns, and prints how many times faster slalom is.

Every run is a process of its own with the same data, start, learning rate, batch size, epochs and threads; rows are shuffled every
epoch, which is part of the time; reading files and compiling are not. A round runs every program once, so that a machine that slows
down slows all of them; the first round runs all variants of a program, later ones its two fastest. A printed ratio is the median of
the rounds' ratios, of a program's best variant. All must reach the same training loss. How and why: docs/benchmarks.md.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from peers.workloads import RATE, SGD_AIMS, WORKLOADS, load  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
VARIANTS = {
    "torch": ["gather", "epoch", "foreach", "compile"],
    "numpy": ["gather", "epoch"],
    "sklearn": ["fit"],
}
MEMBERS = 64  # of the population
LOSS_TOLERANCE = {"torch": 0.05, "numpy": 0.05, "sklearn": 0.15}  # scikit-learn starts its networks another way
KEPT = 2  # variants of a program that run again after the first round
NOT_INSTALLED = 77


def say(text):
    print(text, flush=True)


def give_up(text):
    sys.exit(f"compare_peers.py: {text}")


def worker(options):
    """Runs one variant in this process and prints its time and loss."""
    try:
        import numpy as np

        work = WORKLOADS[options.workload]
        table = np.load(options.data)
        x, y = np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1])
        program, variant = options.worker.split("-")
        sgd = options.optimizer == "sgd"
        if program == "torch":
            from peers import torch_peer

            seconds, loss = torch_peer.run(work, x, y, work.epochs, variant, sgd, options.thread_count)
        elif program == "numpy":
            from peers import numpy_peer

            seconds, loss = numpy_peer.run(work, x, y, work.epochs, variant, sgd)
        else:
            from peers import sklearn_peer

            seconds, loss = sklearn_peer.run(work, x, y, work.epochs)
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    print(json.dumps({"us_per_step": 1e6 * seconds / (work.epochs * work.steps), "loss": loss}))


def last_json(done):
    return json.loads(done.stdout.strip().splitlines()[-1])


class Job:
    """One workload with one optimiser and thread count, and the microseconds a step that each variant took in each round."""

    def __init__(self, options, name, data, threads, optimizer="adam"):
        self.options, self.name, self.work, self.data = options, name, WORKLOADS[name], data
        self.threads, self.optimizer = threads, optimizer
        self.times = {"slalom": []}
        self.loss = None
        self.peers = []
        for program in options.peers:
            # Its linear models have plain SGD and one thread only, so that is what slalom is compared in.
            if (program == "sklearn") != (optimizer == "sgd") and not (program == "sklearn" and self.work.hidden):
                continue
            pythons = [sys.executable] + ([options.numpy_python] if program == "numpy" and options.numpy_python else [])
            self.peers += [(program, variant, python) for variant in VARIANTS[program] for python in pythons]

    def slalom(self, epochs, more=()):
        command = [
            self.options.slalom, "train", "--data", self.data, "--target", "-1", "--valid-fraction", "0", "--device", "cpu",
            *self.work.flags(), "--optimizer", self.optimizer, "--lr", str(RATE), "--batch-size", str(self.work.batch),
            "--epochs", str(epochs), "--threads", str(self.threads), "--json", "--quiet", *more,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            give_up(f"{' '.join(command)}\nended with {done.returncode}: {done.stderr}")
        return last_json(done)

    def run_slalom(self):
        result = self.slalom(self.work.epochs)
        self.loss = result["train_loss"]
        if self.work.slalom_epochs != self.work.epochs:  # its runs would end before a clock tick of the scheduler
            result = self.slalom(self.work.slalom_epochs)
        self.times["slalom"].append(result["us_per_step"])

    def run_peer(self, peer):
        """Returns False if the peer cannot run here."""
        program, variant, python = peer
        environment = dict(os.environ, OMP_NUM_THREADS=str(self.threads), OPENBLAS_NUM_THREADS=str(self.threads))
        environment |= {"MKL_NUM_THREADS": str(self.threads), "PYTHONWARNINGS": "ignore"}
        environment |= {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"}
        environment.pop("OPENBLAS_CORETYPE", None)  # where it is set for other reasons, it halves matrix products
        command = [python, os.path.join(HERE, "compare_peers.py"), "--worker", f"{program}-{variant}"]
        command += ["--workload", self.name, "--data", self.data, "--thread-count", str(self.threads), "--optimizer", self.optimizer]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        label = self.label(peer)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            if done.returncode == NOT_INSTALLED:
                say(f"{self.name}: {label} left out: {last}")
            elif variant == "compile":
                say(f"{self.name}: {label} left out, it does not work here: {last[:200]}")
            else:
                give_up(f"{label} failed on {self.name}:\n{done.stderr}")
            return False
        result = last_json(done)
        loss, tolerance = result["loss"], LOSS_TOLERANCE[program]
        if loss is not None and not abs(loss - self.loss) <= tolerance * abs(loss):
            give_up(f"{self.name}: slalom's loss is {self.loss}, that of {label} {loss}: not the same work")
        self.times.setdefault(label, []).append(result["us_per_step"])
        return True

    def label(self, peer):
        program, variant, python = peer
        return f"{program}-{variant}" + ("" if python == sys.executable else "-other")

    def run_round(self):
        self.run_slalom()
        self.peers = [peer for peer in self.peers if self.run_peer(peer)]
        if len(self.times["slalom"]) == 1:
            self.peers = [peer for program in self.options.peers for peer in self.fastest(program)]

    def fastest(self, program):
        """The KEPT variants of a program that were fastest so far."""
        peers = [peer for peer in self.peers if peer[0] == program]
        return sorted(peers, key=lambda peer: self.times[self.label(peer)][0])[:KEPT]

    def ratio(self, label):
        """Of a variant's time to slalom's in the same round: median."""
        return statistics.median(theirs / ours for theirs, ours in zip(self.times[label], self.times["slalom"]))

    def summary(self):
        """A row a program: its best variant."""
        rows = []
        ours = statistics.median(self.times["slalom"])
        for program in self.options.peers:
            labels = [self.label(peer) for peer in self.peers if peer[0] == program]
            if not labels:
                continue
            best = min(labels, key=lambda label: statistics.median(self.times[label]))
            aim = SGD_AIMS.get(self.name) if self.optimizer == "sgd" else self.work.aims.get(program)
            rows.append(
                {
                    "workload": self.name, "optimizer": self.optimizer, "threads": self.threads, "slalom_us": ours,
                    "peer": best, "peer_us": statistics.median(self.times[best]), "ratio": self.ratio(best),
                    "aim": aim if self.threads == 1 else None, "times": self.times,
                }
            )  # fmt: skip
        return rows


def print_rows(rows):
    say(f"\n{'':4} {'':5} threads  {'slalom':>10}  {'best peer variant':22} {'us a step':>10}  {'ratio':>7}  aim")
    for row in rows:
        aim = f"{row['aim']:g}" if row["aim"] else ""
        say(
            f"{row['workload']:4} {row['optimizer']:5} {row['threads']:7}  {row['slalom_us']:10.3f}  {row['peer']:22} "
            f"{row['peer_us']:10.2f}  {row['ratio']:7.1f}  {aim}".rstrip()
        )


def print_scaling(name, jobs):
    """slalom on more threads against one, in the same rounds."""
    one = next((job for job in jobs if job.threads == 1 and job.optimizer == "adam"), None)
    for job in jobs:
        if one is None or job.threads == 1:
            continue
        gain = statistics.median(a / b for a, b in zip(one.times["slalom"], job.times["slalom"]))
        say(f"{name}: slalom on {job.threads} threads is {gain:.2f} times as fast as on 1")


def compare(options, name, data):
    jobs = [Job(options, name, data, threads) for threads in options.threads]
    if name in SGD_AIMS and "sklearn" in options.peers:
        jobs.append(Job(options, name, data, 1, "sgd"))
    for _ in range(options.rounds):
        for job in jobs:
            job.run_round()
    rows = [row for job in jobs for row in job.summary()]
    print_rows(rows)
    print_scaling(name, jobs)
    return rows


def compare_population(options, data):
    """64 members of W1 at once, on each thread count, against one after another on one thread: samples a second."""
    alone = Job(options, "W1", data, 1)
    gains = {threads: [] for threads in options.threads}
    for _ in range(options.rounds):
        one_by_one = alone.slalom(600)["samples_per_second"]
        for threads, gained in gains.items():
            together = Job(options, "W1", data, threads).slalom(20, ["--restarts", str(MEMBERS)])["samples_per_second"]
            gained.append(together / one_by_one)
    say("")
    for threads, gained in gains.items():
        aim = ", aim 1.8" if threads == 2 else ""
        say(
            f"population of {MEMBERS} of W1 on {threads} thread{'s' if threads > 1 else ''}: "
            f"{statistics.median(gained):.2f} times the samples a second of one after another on 1{aim}"
        )
    return {str(threads): statistics.median(gained) for threads, gained in gains.items()}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slalom", default="build/release/slalom", help="the binary (default: %(default)s)")
    parser.add_argument(
        "--workloads", default=",".join(WORKLOADS) + ",population", help="default: %(default)s (H: held out from tuning)"
    )
    parser.add_argument("--peers", default=",".join(VARIANTS), help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--numpy-python", help="a second Python whose NumPy runs too, for example one with another BLAS")
    shared = os.environ.get("SLALOM_SHARED", os.path.join(HERE, "..", "..", "shared"))
    parser.add_argument("--shared", default=os.path.join(shared, "data"), help="folder of the real data sets (default: %(default)s)")
    parser.add_argument("--json", help="write all times to this file")
    for flag in ("--worker", "--workload", "--data", "--optimizer"):
        parser.add_argument(flag, help=argparse.SUPPRESS)
    parser.add_argument("--thread-count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return options
    options.peers = options.peers.split(",")
    options.workloads = options.workloads.split(",")
    for names, known in ((options.peers, VARIANTS), (options.workloads, [*WORKLOADS, "population"])):
        for name in names:
            if name not in known:
                parser.error(f"'{name}' is not known; expected some of {', '.join(known)}")
    try:
        options.threads = [int(threads) for threads in options.threads.split(",")]
    except ValueError:
        parser.error(f"--threads: found '{options.threads}', expected numbers: 1,2")
    if not os.access(options.slalom, os.X_OK):
        parser.error(f"--slalom: {options.slalom} is not there; scripts/test.sh builds it")
    return options


def main():
    options = parse_arguments()
    if options.worker:
        worker(options)
        return
    try:
        import numpy as np
    except ModuleNotFoundError:
        give_up("needs numpy: python3 -m venv build/peers && build/peers/bin/pip install numpy scikit-learn torch")

    say(f"{os.cpu_count()} CPUs, load average {os.getloadavg()}, {options.rounds} rounds")
    record = {"rows": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.workloads:
            table, source = load("W1" if name == "population" else name, options.shared)
            data = os.path.join(folder, name + ".npy")
            np.save(data, table)
            del table
            if name == "population":
                record["population"] = compare_population(options, data)
            else:
                say(f"\n{name}: {WORKLOADS[name].rows} rows, {WORKLOADS[name].features} features ({source})")
                record["rows"] += compare(options, name, data)
            os.remove(data)
    if record["rows"]:
        say("\nAll of the above:")
        print_rows(record["rows"])
    say(f"load average at the end {os.getloadavg()}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
