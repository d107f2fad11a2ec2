# SPDX-License-Identifier: Apache-2.0
"""The jobs that compare_peers.py gives to every program, and their data: real where there is some of the shape, else made up."""
import csv
import os
from dataclasses import dataclass, field

RATE = 1e-3  # of every program and workload


@dataclass(frozen=True)
class Workload:
    rows: int
    features: int
    batch: int
    epochs: int  # of a run whose loss is compared
    slalom_epochs: int  # of slalom's timed run: a good part of a second
    hidden: tuple = ()
    classes: int = 0  # 0: regression; 2: logistic, one output; more: that many outputs
    source: str = ""  # the real file, if there is one
    aims: dict = field(default_factory=dict)  # at least this many times faster than a program, with one thread

    @property
    def outputs(self):
        return self.classes if self.classes > 2 else 1

    @property
    def steps(self):
        return -(-self.rows // self.batch)

    def flags(self):
        """slalom's flags for the model."""
        if self.hidden:
            widths = ",".join(map(str, self.hidden))
            return ["--model", "mlp", "--hidden", widths] + (["--loss", "cross-entropy"] if self.classes > 2 else [])
        return ["--model", "logistic" if self.classes == 2 else "linear"]


WORKLOADS = {
    "W1": Workload(20640, 8, 32, 20, 1000, source="california_housing.csv", aims={"torch": 300}),
    "W2": Workload(200000, 512, 256, 3, 6, aims={"torch": 5, "numpy": 2.5}),
    "W3": Workload(463715, 90, 1024, 5, 10, aims={"torch": 8, "numpy": 4.5}),
    "W4": Workload(32561, 123, 128, 20, 200, classes=2, source="a9a.libsvm", aims={"torch": 28, "numpy": 8}),
    "W5": Workload(20640, 8, 64, 10, 40, (64, 64), source="california_housing.csv", aims={"torch": 12, "numpy": 3.5, "sklearn": 9}),
    "W6": Workload(60000, 784, 128, 2, 2, (256, 128), 10, aims={"torch": 1.5}),
    "W7": Workload(60000, 784, 512, 1, 1, (1024, 1024), 10, aims={"torch": 1.2}),
    # Shapes that nothing was tuned for.
    "H1": Workload(50000, 33, 96, 10, 200),
    "H2": Workload(40000, 300, 500, 10, 100, classes=2),
    "H3": Workload(30000, 30, 200, 10, 20, (100, 50)),
    "H4": Workload(20000, 200, 250, 4, 8, (300,), 5),
}
SGD_AIMS = {"W1": 5, "W4": 18}  # against scikit-learn's linear models, which have plain SGD only


def made_up(work):
    """Normal features, a score that is linear in them, and noise; classes are equal parts of the score's range."""
    import numpy as np

    random = np.random.default_rng(1)
    x = random.standard_normal((work.rows, work.features), dtype=np.float32)
    w = random.standard_normal(work.features, dtype=np.float32) / np.float32(np.sqrt(work.features))
    y = x @ w + np.float32(0.5) * random.standard_normal(work.rows, dtype=np.float32)
    if work.classes:
        edges = np.quantile(y, np.arange(1, work.classes) / work.classes)
        return x, np.searchsorted(edges, y).astype(np.float32)
    return x, y


def read_california(path):
    """The eight numbers and the price; missing numbers become the mean."""
    import numpy as np

    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    table = np.array([[float(cell or "nan") for cell in row[:9]] for row in rows])
    table = np.where(np.isnan(table), np.nanmean(table, axis=0), table)
    return table[:, :8], table[:, 8]


def read_a9a(path):
    import numpy as np

    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file]
    x = np.zeros((len(lines), 123))
    for row, line in enumerate(lines):
        for cell in line[1:]:
            index, value = cell.split(":")
            x[row, int(index) - 1] = float(value)
    return x, np.array([float(line[0]) > 0 for line in lines], float)


READERS = {"california_housing.csv": read_california, "a9a.libsvm": read_a9a}


def load(name, shared):
    """Returns [rows, features + 1] float32 with standardised features, the target last, and where it is from."""
    import numpy as np

    work = WORKLOADS[name]
    path = os.path.join(shared, work.source)
    real = bool(work.source) and os.path.exists(path)
    x, y = READERS[work.source](path) if real else made_up(work)
    if x.shape != (work.rows, work.features):
        raise SystemExit(f"compare_peers.py: {path}: found {x.shape}, expected {(work.rows, work.features)}")
    deviation = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    if not work.classes:
        y = (y - y.mean()) / y.std()
    return np.column_stack([x, y]).astype(np.float32), work.source if real else "made up"
