"""Makes mlruns.tar.gz: a file store as MLflow 2 writes it (made with mlflow 2.22.5).

make_mlruns.py FOLDER: run in an empty folder; prints the id of the first run.
"""
import sys
import tarfile

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric

root = sys.argv[1]
mlflow.set_tracking_uri(f"file://{root}/mlruns")
client = MlflowClient()
eid = client.create_experiment("files", tags={"team": 'q: "x"\nline'})
run = client.create_run(eid, run_name="first: 'x'", tags={"t/sub": "v"}).info.run_id
client.log_batch(run, [Metric("loss/val", i / 7, i + 1, i) for i in range(5)])
client.log_metric(run, "odd", float("nan"), 1, 0)
client.log_metric(run, "odd", float("-inf"), 2, 1)
client.log_param(run, "lr", "multi\nline")
client.log_text(run, "hello", "model/a.txt")
dataset = Dataset("bars", "d1", "local", "{}", schema="{}")
client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
client.set_terminated(run)
client.delete_run(client.create_run(eid, run_name="gone").info.run_id)
client.create_registered_model("from-files", tags={"a": "1"}, description="x: y")
client.create_model_version("from-files", f"runs:/{run}/model", run, tags={"k": "v"})
client.transition_model_version_stage("from-files", "1", "Production")
client.set_registered_model_alias("from-files", "champion", "1")
trash = client.create_experiment("trash")
client.create_run(trash)
client.delete_experiment(trash)
with tarfile.open(f"{root}/mlruns.tar.gz", "w:gz") as tar:
    tar.add(f"{root}/mlruns", "mlruns")
print(run)
