"""Points a second of MLflow's own client, logged one by one without waiting, and flushed."""
import json
import logging
import math
import sys
import time

import mlflow

logging.getLogger("mlflow").setLevel(logging.ERROR)
url, calls = sys.argv[1], int(sys.argv[2])
mlflow.set_tracking_uri(url)
with mlflow.start_run(experiment_id="0", run_name="client"):
    start = time.perf_counter()
    for step in range(calls):
        mlflow.log_metric("loss", math.sin(step), step=step, synchronous=False)
    mlflow.flush_async_logging()
    seconds = time.perf_counter() - start
print(json.dumps({"rate": calls / seconds}))
