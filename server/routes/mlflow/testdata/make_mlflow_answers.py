"""Holds the conversation of the files mlflow_requests*.py with MLflow's own server and keeps its answers.

    mlflow server --backend-store-uri sqlite:///empty.db --artifacts-destination ./artifacts --port 5901
    python make_mlflow_answers.py http://127.0.0.1:5901

writes mlflow_answers.jsonl.gz: each request with the status, the error code, the message and the
names of the things listed, in their order, or all of the answer where a request says `whole`. The
server must be fresh. Made with mlflow 3.17.2.
"""
import gzip
import json
import os
import re
import sys

import requests
import mlflow_requests_mcp
import mlflow_requests_trace_metrics
import mlflow_requests_reviews
from mlflow_requests import S

url = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
session = requests.Session()
names = {}


def filled(value):
    """The value with `{NAME}` replaced by what was saved under it."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: names.get(m.group(1), m.group(0)), value)
    if isinstance(value, list):
        return [filled(v) for v in value]
    if isinstance(value, dict):
        return {k: filled(v) for k, v in value.items()}
    return value


def listed(body):
    """Names of the things in the answer's first list, or None where one has none of its own."""
    found = next((v for v in body.values() if isinstance(v, list)), None)
    if not found or not all(isinstance(v, dict) for v in found):
        return None
    out = []
    for thing in found:
        name = thing.get("info", {}).get("run_name") or thing.get("name") or thing.get("path")
        if not isinstance(name, str) or re.fullmatch(r"[a-z]+-[a-z]+-\d+", name):
            return None
        out.append(name + (":" + thing["version"] if "version" in thing else ""))
    return out


section, lines = None, []
for step in S:
    if step["section"] != section:
        section = step["section"]
        names.clear()
    if len(json.dumps(step["payload"])) > 2_000_000:
        continue
    payload = filled(step["payload"])
    options = {"headers": filled(step["headers"]), "timeout": 60}
    if step["method"] == "GET":
        options["params"] = payload
    elif isinstance(payload, str):
        options["data"] = payload
    elif payload is not None:
        options["json"] = payload
    answer = session.request(step["method"], url + filled(step["path"]), **options)
    try:
        body = answer.json()
    except ValueError:
        body = {}
        if answer.status_code == 503:
            body = {"message": answer.text}
    line = {**step, "status": answer.status_code}
    if isinstance(body, dict):
        for name, path in step["save"].items():
            value = body
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            names[name] = value or "missing"
        if answer.status_code == 200:
            # Ids are random, and so is an order by them.
            by_id = re.search(r"order_by.*(run_id|artifact_uri)", json.dumps(step["payload"]))
            line["listed"] = None if by_id else listed(body)
            if step["whole"]:
                line["body"] = body
        else:
            line["error_code"] = body.get("error_code")
            message = (body.get("message") or "").replace(os.getcwd(), "")
            message = message.split(" Error: (")[0]  # what SQLite said
            for name, value in sorted(names.items(), key=lambda kv: -len(kv[1])):
                if len(value) >= 8:
                    message = message.replace(value, f"<{name}>")
            line["message"] = message
    kept = ("payload", "body")
    lines.append(
        json.dumps({k: v for k, v in line.items() if v or v == 0 and v is not False or k in kept and v is not None})
    )
with gzip.GzipFile(os.path.join(here, "mlflow_answers.jsonl.gz"), "wb", mtime=0) as out:
    out.write("\n".join(lines).encode())
print(len(lines), "answers")
