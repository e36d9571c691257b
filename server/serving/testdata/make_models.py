"""Writes the small ONNX models that the serving tests use, and their answers by ONNX Runtime.

Run: python make_models.py   (needs onnx, onnxruntime, numpy)
"""
import json

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper


def signal_model(path, weights, bias):
    """signal = tanh(features @ weights + bias), features [batch, 4] -> signal [batch, 1]."""
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["features", "w", "b"], ["z"]),
            helper.make_node("Tanh", ["z"], ["signal"]),
        ],
        "signal",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, ["batch", 1])],
        [
            numpy_helper.from_array(np.array(weights, np.float32).reshape(4, 1), "w"),
            numpy_helper.from_array(np.array([bias], np.float32), "b"),
        ],
    )
    save(graph, path)


def mixed_model(path):
    """One input and output of each datatype that is not float32, to test how bytes travel."""
    types = {
        "doubles": TensorProto.DOUBLE,
        "longs": TensorProto.INT64,
        "ints": TensorProto.INT32,
        "shorts": TensorProto.INT16,
        "octets": TensorProto.UINT8,
        "flags": TensorProto.BOOL,
        "words": TensorProto.STRING,
    }
    graph = helper.make_graph(
        [helper.make_node("Identity", [n], [n + "_out"]) for n in types],
        "mixed",
        [helper.make_tensor_value_info(n, t, ["batch", 2]) for n, t in types.items()],
        [helper.make_tensor_value_info(n + "_out", t, ["batch", 2]) for n, t in types.items()],
    )
    save(graph, path)


def columns_model(path):
    """Two named columns: size = momentum * 2 - volatility, each [batch]."""
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["momentum", "two"], ["m2"]),
            helper.make_node("Sub", ["m2", "volatility"], ["size"]),
        ],
        "columns",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch"]) for n in ("momentum", "volatility")],
        [helper.make_tensor_value_info("size", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(np.array(2, np.float32), "two")],
    )
    save(graph, path)


def save(graph, path):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    signal_model("signal_v1.onnx", [0.5, -0.25, 1.0, 0.125], 0.1)
    signal_model("signal_v2.onnx", [-0.5, 0.75, 0.25, -1.0], -0.2)
    mixed_model("mixed.onnx")
    columns_model("columns.onnx")
    rows = [[1, 2, 3, 4], [0.5, -0.5, 0.25, -0.25], [0, 0, 0, 0]]
    answers = {"rows": rows}
    for name in ("signal_v1", "signal_v2"):
        session = ort.InferenceSession(name + ".onnx")
        answers[name] = session.run(None, {"features": np.array(rows, np.float32)})[0].tolist()
    with open("answers.json", "w") as f:
        json.dump(answers, f, indent=2)
