"""make_store.py FOLDER: fills an MLflow SQLite store in FOLDER, and prints the run's id."""
import os
import sys

folder = sys.argv[1]
os.chdir(folder)
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric

mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
mlflow.create_experiment("imported", artifact_location=f"file://{folder}/artifacts", tags={"a": "1"})
mlflow.set_experiment("imported")
client = MlflowClient()
with mlflow.start_run(run_name="first") as run:
    mlflow.log_params({"lr": 0.1, "note": "it's"})
    client.log_batch(run.info.run_id, [Metric("loss", 1 / (i + 1), 1000 + i, i) for i in range(500)])
    mlflow.log_metric("odd", float("nan"), step=1)
    mlflow.log_metric("odd", float("inf"), step=2)
    mlflow.log_text("hello", "notes/a.txt")
with mlflow.start_run(run_name="gone") as gone:
    pass
client.delete_run(gone.info.run_id)
client.create_registered_model("model", tags={"t": "1"})
client.create_model_version("model", f"runs:/{run.info.run_id}/notes", run.info.run_id)
client.set_registered_model_alias("model", "champion", 1)
print(run.info.run_id)
