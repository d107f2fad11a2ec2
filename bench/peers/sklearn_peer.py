# SPDX-License-Identifier: Apache-2.0
"""Training in scikit-learn. Its linear models know plain SGD row by row only; networks train by mini-batches with Adam.

Returns (seconds, loss): the mean of the last epoch's batches for networks, None for linear models, which do not say it.
"""
import time
import warnings

from peers.workloads import RATE


def run(work, x, y, epochs):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import SGDClassifier, SGDRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    warnings.simplefilter("ignore", ConvergenceWarning)
    if work.hidden:
        model = (MLPClassifier if work.classes else MLPRegressor)(
            hidden_layer_sizes=work.hidden, alpha=0, batch_size=work.batch, learning_rate_init=RATE, max_iter=epochs,
            tol=0, n_iter_no_change=epochs + 1, random_state=1,
        )  # fmt: skip
    else:
        kind, loss = (SGDClassifier, "log_loss") if work.classes else (SGDRegressor, "squared_error")
        model = kind(
            loss=loss, penalty=None, learning_rate="constant", eta0=RATE, max_iter=epochs, tol=None, random_state=1
        )
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    if not work.hidden:
        return seconds, None
    return seconds, model.loss_curve_[-1] * (1 if work.classes else 2)  # its squared error is halved
