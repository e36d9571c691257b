"""Downloads an artifact with MLflow's own client from a server whose artifacts lie in a bucket.

download_presigned.py URL: prints {"same", "hosts"}: whether the bytes came back as they went, and the
hosts that the client fetched bytes from.
"""
import json
import os
import sys
import tempfile
from urllib.parse import urlsplit

os.environ["MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE"] = "1000"
os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"] = str(5 << 20)
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import requests

hosts = []
ask = requests.Session.request


def watched(self, method, url, *args, **kwargs):
    if method.upper() == "GET":
        hosts.append(urlsplit(url).netloc)
    return ask(self, method, url, *args, **kwargs)


requests.Session.request = watched

from mlflow import MlflowClient

client = MlflowClient(sys.argv[1])
run = client.create_run("0")
content = os.urandom(12 << 20)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "large.bin")
    with open(path, "wb") as file:
        file.write(content)
    client.log_artifact(run.info.run_id, path)
    back = client.download_artifacts(run.info.run_id, "large.bin", tempfile.mkdtemp(dir=folder))
    with open(back, "rb") as file:
        same = file.read() == content
print(json.dumps({"same": same, "hosts": sorted(set(hosts))}))
