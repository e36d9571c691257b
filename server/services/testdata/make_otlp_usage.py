"""Sends traces by OTLP to MLflow's own server and keeps what it then says of them.

    mlflow server --backend-store-uri sqlite:///empty.db --port 5902
    python make_otlp_usage.py http://127.0.0.1:5902

writes otlp_usage.json: by case the exports (OTLP's JSON), each sent on its own, and the metadata that
the trace has after all of them. Costs come from the spans: MLflow's own list of prices is kept out of it
by models that it does not know. Made with mlflow 3.17.2.
"""
import json
import os
import sys

import requests

url = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))


def value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": value(x)} for k, x in v.items()]}}
    return {"stringValue": v}


def span(number, parent=None, **attributes):
    return number, parent, attributes


def usage(i, o, **more):
    return {"mlflow.chat.tokenUsage": json.dumps({"input_tokens": i, "output_tokens": o, "total_tokens": i + o, **more})}


def cost(i, o):
    return {"mlflow.llm.cost": json.dumps({"input_cost": i, "output_cost": o, "total_cost": i + o})}


CASES = {
    "leaves are added up": [[span(1), span(2, 1, **usage(10, 5), **cost(0.25, 0.5)), span(3, 1, **usage(1, 2), **cost(0.5, 1.5))]],
    "a parent that reports its children's counts once": [[span(1, None, **usage(11, 7)), span(2, 1, **usage(10, 5)), span(3, 2, **usage(1, 2))]],
    "below a span that reports none": [[span(1), span(2, 1), span(3, 2, **usage(4, 4)), span(4, 3, **usage(9, 9))]],
    "children first, their parent in a later export": [
        [span(2, 1, **usage(10, 5), **cost(0.25, 0.25)), span(3, 1, **usage(1, 2))],
        [span(1, None, **usage(11, 7), **cost(1.0, 1.0))],
    ],
    "parts in three exports, one of them twice": [
        [span(1), span(2, 1, **usage(10, 5))],
        [span(3, 1, **usage(1, 2))],
        [span(3, 1, **usage(1, 2)), span(4, 1, **usage(100, 200))],
    ],
    "caches": [[span(1), span(2, 1, **usage(10, 5, cache_read_input_tokens=3)), span(3, 1, **usage(1, 1, cache_creation_input_tokens=2, cache_creation_input_tokens_above_1hr=1))]],
    "no tokens at all": [[span(1), span(2, 1, note="quiet")]],
    "conventions of OpenTelemetry": [[span(1), span(2, 1, **{"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 8, "gen_ai.usage.cache_read.input_tokens": 2, "gen_ai.usage.cache_creation.input_tokens": 1})]],
    "conventions of OpenTelemetry, only one side": [[span(1, None, **{"gen_ai.usage.input_tokens": 12})]],
    "OpenInference": [[span(1, None, **{"llm.token_count.prompt": 20, "llm.token_count.completion": 22, "llm.token_count.total": 43, "llm.token_count.prompt_details.cache_read": 5})]],
    "Traceloop": [[span(1, None, **{"gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 9, "llm.usage.total_tokens": 17})]],
    "VoltAgent": [[span(1, None, **{"usage.prompt_tokens": 3, "llm.usage.completion_tokens": 4})]],
    "Claude Code": [[span(1, None, **{"span.type": "llm_request", "input_tokens": 3, "output_tokens": 4, "cache_read_tokens": 10, "cache_creation_tokens": 20})]],
    "plain words that are no tokens": [[span(1, None, **{"input_tokens": 3, "output_tokens": 4})]],
    "counts as text": [[span(1, None, **{"gen_ai.usage.input_tokens": "12", "gen_ai.usage.output_tokens": "8"})]],
    "counts with fractions": [[span(1, None, **{"gen_ai.usage.input_tokens": 1.5, "gen_ai.usage.output_tokens": 8})]],
    "two conventions in a span": [[span(1, None, **{"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 2, "llm.token_count.prompt": 10})]],
    "usage and cost as objects": [[span(1, None, **{"mlflow.chat.tokenUsage": {"input_tokens": 5, "output_tokens": 6, "total_tokens": 11}, "mlflow.llm.cost": {"input_cost": 0.5, "output_cost": 0.25, "total_cost": 0.75}})]],
    "usage that is no object": [[span(1, None, **{"mlflow.chat.tokenUsage": "many"})]],
    "a session and a user": [[span(1), span(2, 1, **{"session.id": "s-1", "user.id": "ann"}), span(3, 1, **{"session.id": "s-2"})]],
    "a conversation": [[span(1, None, **{"gen_ai.conversation.id": "c-9"})]],
    "a session that comes later": [[span(1, None, note="first")], [span(2, 1, **{"session.id": "late", "user.id": "bo"})], [span(3, 1, **{"session.id": "later", "user.id": "cy"})]],
}

experiment = requests.post(f"{url}/api/2.0/mlflow/experiments/create", json={"name": "usage"}).json()["experiment_id"]
out = []
for n, (name, batches) in enumerate(CASES.items(), 1):
    trace = f"{n:032x}"
    exports = []
    for batch in batches:
        spans = []
        for number, parent, attributes in batch:
            spans.append({
                "traceId": trace,
                "spanId": f"{number:016x}",
                **({"parentSpanId": f"{parent:016x}"} if parent else {}),
                "name": f"span {number}",
                "startTimeUnixNano": str(1_700_000_000_000_000_000 + number),
                "endTimeUnixNano": str(1_700_000_001_000_000_000 + number),
                "attributes": [{"key": k, "value": value(v)} for k, v in attributes.items()],
            })
        export = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        answer = requests.post(f"{url}/v1/traces", json=export, headers={"x-mlflow-experiment-id": experiment})
        assert answer.status_code == 200, (name, answer.text)
        exports.append(export)
    info = requests.get(f"{url}/api/3.0/mlflow/traces/tr-{trace}").json()["trace"]["trace_info"]
    out.append({"case": name, "traceId": f"tr-{trace}", "exports": exports, "metadata": info.get("trace_metadata", {})})
with open(os.path.join(here, "otlp_usage.json"), "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
