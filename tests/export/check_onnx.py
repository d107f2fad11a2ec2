# SPDX-License-Identifier: Apache-2.0
"""Runs exported ONNX models in onnxruntime on the raw rows of a CSV file and compares with what slalom predict wrote.

check_onnx.py DATA NAME...: compares NAME.onnx with NAME.csv, the predictions of the rows of DATA.
"""
import argparse
import csv
import gzip
import json
import sys

import numpy as np
import onnx
import onnxruntime

from comparison import (
    FLOAT32_ROUNDOFF,
    FLOAT64_ROUNDOFF,
    Mismatch,
    forward_with_bound,
    require_close,
    require_labels,
)

MISSING = {"", "NA", "N/A", "null", "None", "?", "nan"}


def read_csv(path, header=True):
    """The cells of a CSV file by column name, as text; columns without a name are called by their position."""
    opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as file:
        rows = list(csv.reader(file))
    names = rows.pop(0) if header else [""] * len(rows[0])
    return {name or f"c{i}": [row[i] for row in rows] for i, name in enumerate(names)}


def load(path):
    """The model after ONNX's checker with full shape inference, and a session that runs it."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # The features are wanted too: they are the common starting point of both computations.
    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    features = next(node.input[0] for node in model.graph.node if node.op_type == "Gemm")
    extended.graph.output.append(onnx.helper.make_tensor_value_info(features, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    return model, features, onnxruntime.InferenceSession(
        extended.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def feeds_of(session, columns):
    """Every graph input as a raw column [N, 1]: numbers with NaN for missing cells, or text as it stands in the file."""
    feeds = {}
    for graph_input in session.get_inputs():
        cells = columns[graph_input.name]
        if graph_input.type == "tensor(string)":
            feeds[graph_input.name] = np.array(cells, dtype=object).reshape(-1, 1)
        else:
            dtype = np.float32 if graph_input.type == "tensor(float)" else np.float64
            numbers = [np.nan if cell in MISSING else float(cell) for cell in cells]
            feeds[graph_input.name] = np.array(numbers, dtype=dtype).reshape(-1, 1)
    return feeds


def layers_of(model):
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return [(constants[n.input[1]], constants[n.input[2]]) for n in model.graph.node if n.op_type == "Gemm"]


def compare(model, outputs, features, predictions):
    """outputs: arrays by name. predictions: the columns of slalom predict. Returns the largest tolerance in raw units."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    description = json.loads(metadata["model"])
    spec = description["spec"]
    raw, bound = forward_with_bound(layers_of(model), features, spec["activation"], spec["batch_norm"])
    if not bound.max() <= 1e-4 * (1.0 + np.abs(raw).max()):
        raise Mismatch(f"the tolerance {bound.max():.3g} of raw outputs is too wide to find anything")

    def column(name):
        return np.array([float(cell) for cell in predictions[name]])

    def rounding(values):  # of the last step, and of float32 outputs
        narrow = any(o.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for o in model.graph.output)
        return (8.0 * FLOAT64_ROUNDOFF + (FLOAT32_ROUNDOFF if narrow else 0.0)) * np.abs(values)

    if "classes" not in metadata:
        targets = json.loads(metadata["targets"])
        names = ["prediction"] if len(targets) == 1 else [f"prediction_{target}" for target in targets]
        scale = np.array(description["preprocessing"]["target_scale"])
        offset = np.array(description["preprocessing"]["target_offset"])
        expected = np.column_stack([column(name) for name in names])
        tolerance = scale * bound + rounding(np.abs(offset) + scale * np.abs(raw))
        require_close("prediction", outputs["prediction"], expected, tolerance)
        return bound.max(initial=0.0)

    classes = json.loads(metadata["classes"])
    if spec["loss"] == "cross-entropy":
        best = np.sort(raw, axis=1)
        undecided = best[:, -1] - best[:, -2] <= 2.0 * bound.max(axis=1)
    else:
        undecided = (np.abs(raw) <= bound).ravel()
    labels = predictions["prediction"]
    if outputs["prediction"].dtype != object:
        labels = [float(label) for label in labels]
    if outputs["prediction"].ndim != 1:
        raise Mismatch(f"prediction: found shape {outputs['prediction'].shape}, expected one dimension")
    require_labels("prediction", outputs["prediction"].tolist(), labels, undecided)
    if "score" in predictions:
        expected = column("score").reshape(-1, 1)
        require_close("score", outputs["score"], expected, bound + rounding(expected))
        return bound.max(initial=0.0)
    # log p = z - logsumexp(z) moves by at most twice the largest error of a logit.
    expected = np.column_stack([column(f"probability_{name}") for name in classes])
    relative = np.expm1(2.0 * bound.max(axis=1, keepdims=True))
    require_close("probabilities", outputs["probabilities"], expected, relative * expected + rounding(expected))
    return bound.max(initial=0.0)


def check_form(model, float32):
    """What every exported model has in common."""
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    if (model.producer_name, model.ir_version, opsets) != ("slalom", 7, {"": 13, "ai.onnx.ml": 2}):
        raise Mismatch(f"found producer {model.producer_name}, IR {model.ir_version}, operator sets {opsets}")
    number = onnx.TensorProto.FLOAT if float32 else onnx.TensorProto.DOUBLE
    inputs = {i.type.tensor_type.elem_type for i in model.graph.input}
    outputs = {o.type.tensor_type.elem_type for o in model.graph.output}
    if not inputs <= {number, onnx.TensorProto.STRING} or not outputs <= {
        number, onnx.TensorProto.STRING, onnx.TensorProto.INT64
    }:
        raise Mismatch(f"found inputs of types {inputs} and outputs of types {outputs}")


def run(session, feeds):
    """Outputs by name, in the order of the graph."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def check(data, name, float32):
    model, features, session = load(f"{name}.onnx")
    check_form(model, float32)
    feeds = feeds_of(session, data)
    outputs = run(session, feeds)
    for rows in [0, 1]:
        for key, value in run(session, {key: value[:rows] for key, value in feeds.items()}).items():
            if value.shape != outputs[key][:rows].shape:
                raise Mismatch(f"{key}: found shape {value.shape} for {rows} rows")
    names = [output.name for output in model.graph.output]
    if names[0] != ("prediction_1" if "prediction" in feeds else "prediction"):
        raise Mismatch(f"the first output is called {names[0]}")
    named = dict(zip(["prediction", "score" if names[-1].startswith("score") else "probabilities"],
                     [outputs[key] for key in names]))
    tolerance = compare(model, named, outputs[features], read_csv(f"{name}.csv"))
    print(f"{name}: {len(named['prediction'])} rows agree, tolerance of raw outputs {tolerance:.2g}, "
          f"outputs {', '.join(names)}")


def check_refusal(data, name, message):
    _, _, session = load(f"{name}.onnx")
    try:
        run(session, feeds_of(session, data))
    except Exception as error:  # onnxruntime's own classes are not public
        if message in str(error):
            return
        raise
    raise Mismatch("the model ran, expected an error")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--no-header", action="store_true")
    parser.add_argument("--float32", action="store_true", help="exported with --float32")
    parser.add_argument("--expect-refusal", metavar="TEXT", help="running must fail with this text in the message")
    arguments = parser.parse_args()
    data = read_csv(arguments.data, header=not arguments.no_header)
    for name in arguments.names:
        try:
            if arguments.expect_refusal:
                check_refusal(data, name, arguments.expect_refusal)
            else:
                check(data, name, arguments.float32)
        except Mismatch as mismatch:
            print(f"{name}: {mismatch}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
