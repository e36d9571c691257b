"""Asks a server with Triton's own HTTP client and prints what it understood as JSON.

Run: python triton_client.py HOST:PORT   (needs tritonclient[http], numpy)
"""
import json
import sys

import numpy as np
import tritonclient.http as http

client = http.InferenceServerClient(sys.argv[1])
rows = np.array([[1, 2, 3, 4], [0.5, -0.5, 0.25, -0.25]], np.float32)


def ask(binary=True, compression=None, version="", listed=True):
    features = http.InferInput("features", [2, 4], "FP32")
    features.set_data_from_numpy(rows, binary_data=binary)
    result = client.infer(
        "signal",
        [features],
        model_version=version,
        request_id="7",
        outputs=[http.InferRequestedOutput("signal", binary_data=binary)] if listed else None,
        request_compression_algorithm=compression,
        response_compression_algorithm=compression,
    )
    head = result.get_response()
    return [head["model_version"], head["id"], *result.as_numpy("signal").ravel().tolist()]


def refused(model, width):
    features = http.InferInput("features", [1, width], "FP32")
    features.set_data_from_numpy(np.zeros((1, width), np.float32))
    try:
        client.infer(model, [features])
    except Exception as error:
        return [type(error).__name__, str(error)]


print(json.dumps({
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "models": [client.is_model_ready("signal"), client.is_model_ready("empty")],
    "platform": client.get_model_metadata("signal")["platform"],
    "answers": [ask(b, c) for b in (True, False) for c in (None, "gzip", "deflate")],
    "unlisted": ask(listed=False),
    "version 2": ask(version="2"),
    "refused": [refused("nothing", 4), refused("signal", 2)],
}))
