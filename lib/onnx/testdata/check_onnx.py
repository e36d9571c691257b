"""Checks a model with onnx (full check, shape inference included) and runs it in onnxruntime.

usage: check_onnx.py MODEL INPUTS.json -> {"opset", "ir", "outputs": {name: [..]}} on standard output
"""
import json
import sys

import numpy
import onnx
import onnxruntime

model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
feeds = json.load(open(sys.argv[2]))
inputs = {
    name: numpy.array(v["data"], numpy.float32).reshape(v["shape"]) for name, v in feeds.items()
}
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = [o.name for o in session.get_outputs()]
outputs = dict(zip(names, (v.ravel().tolist() for v in session.run(None, inputs))))
print(
    json.dumps(
        {"opset": model.opset_import[0].version, "ir": model.ir_version, "outputs": outputs}
    )
)
