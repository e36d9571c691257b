"""The parts of the conversation about figures over traces and about workspaces, compared whole."""
from mlflow_requests import get, post, r, sec

TRACES = "/api/3.0/mlflow/traces"
DAY = 86_400

sec("trace metrics")
post("experiments/create", {"name": "trace metrics"}, save={"E": "experiment_id"})
post("experiments/create", {"name": "other traces"}, save={"O": "experiment_id"})

def trace(n, hour, duration, state, name, session=None, tokens=None, tags=None, experiment="{E}"):
    metadata = {}
    if session: metadata["mlflow.trace.session"] = session
    if tokens: metadata["mlflow.trace.tokenUsage"] = tokens
    post(TRACES, {"trace": {"trace_info": {"trace_id": f"tr-{n:032x}", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}, "request_time": f"2026-01-0{1 + hour // 24}T{hour % 24:02}:15:00.500Z", "execution_duration": duration, "state": state, "trace_metadata": metadata, "tags": {"mlflow.traceName": name, **(tags or {})}}}})

trace(1, 1, "1.500s", "OK", "ask", "s1", '{"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}', {"team": "a"})
trace(2, 2, "0.250s", "OK", "ask", "s1", '{"input_tokens": 25, "output_tokens": 0, "total_tokens": 25, "cache_read_input_tokens": 5}')
trace(3, 2, "3.100s", "ERROR", "plan", "s2", '{"input_tokens": 7, "output_tokens": 1}', {"team": "a", "a b": "c"})
trace(4, 26, "0.040s", "OK", "plan", None, "not json")
trace(5, 27, "12s", "IN_PROGRESS", "Ask")
trace(6, 27, "1s", "OK", "elsewhere", "s9", None, None, "{O}")

def span(trace, n, name, kind, start, end, status=1, **attributes):
    values = {"mlflow.traceRequestId": f'"tr-{trace:032x}"', "mlflow.spanType": kind, **attributes}
    return {"traceId": f"{trace:032x}", "spanId": f"{n:016x}", **({"parentSpanId": f"{n - 1:016x}"} if n % 10 else {}), "name": name, "kind": 1, "startTimeUnixNano": str(start), "endTimeUnixNano": str(end), "status": {"code": status}, "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in values.items()]}
LLM = {"mlflow.llm.model": "small", "mlflow.llm.provider": '"acme"', "mlflow.llm.cost": '{"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}'}
BIG = {"mlflow.llm.model": '"big"', "mlflow.llm.cost": '{"input_cost": 1, "total_cost": 1.5}'}
T = 1_767_229_200_000_000_000  # 2026-01-01T01:00:00Z
SPANS = [span(1, 10, "root", "CHAIN", T, T + 1_500_000_000), span(1, 11, "call", "LLM", T + 1_000_000, T + 600_999_999, **LLM), span(2, 20, "root", "CHAIN", T + 3_600_000_000_000, T + 3_600_250_000_000), span(2, 21, "call", "LLM", T + 3_600_000_000_000, T + 3_600_200_000_000, 2, **BIG), span(4, 40, "root", "AGENT", T + DAY * 1_000_000_000, T + DAY * 1_000_000_000 + 40_000_000), span(4, 41, "call", "LLM", T + DAY * 1_000_000_000, T + DAY * 1_000_000_000 + 30_000_000, **LLM)]
r("POST", "/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": SPANS}]}]}, headers={"x-mlflow-experiment-id": "{E}"})

def assess(n, name, value, kind="feedback"):
    post(f"{TRACES}/tr-{n:032x}/assessments", {"assessment": {"assessment_name": name, "trace_id": f"tr-{n:032x}", "source": {"source_type": "HUMAN", "source_id": "me"}, "create_time": "2026-01-01T00:00:00Z", "last_update_time": "2026-01-01T00:00:00Z", kind: {"value": value}}})
for n, value in [(1, True), (2, False), (3, "yes"), (4, 0.25), (5, "maybe")]:
    assess(n, "good", value)
assess(1, "score", 3)
assess(2, "score", 4.5)
assess(2, "expected", "x", "expectation")

def ask(view, metric, wanted, /, **more):
    named = [{"aggregation_type": a} if isinstance(a, str) else {"aggregation_type": "PERCENTILE", "percentile_value": a} for a in wanted]
    question = {"experiment_ids": ["{E}"], "view_type": view, "metric_name": metric, "aggregations": named}
    r("POST", TRACES + "/metrics", {**question, **more}, whole=True)

ALL = ["SUM", "AVG", "MIN", "MAX", 50, 95, 99.5, 0, 100]
SPREAD = ALL[1:]
NAMED = {"dimensions": ["trace_name"]}
TIME = {"time_interval_seconds": DAY, "start_time_ms": 0, "end_time_ms": 4_102_444_800_000}
HOURS = {"time_interval_seconds": 3600, "start_time_ms": 1_767_229_200_000, "end_time_ms": 1_767_237_300_500}
for more in [{}, NAMED, {"dimensions": ["trace_status"]}, {"dimensions": ["trace_status", "trace_name"]}, TIME, {**TIME, **NAMED}, HOURS, {**HOURS, "max_results": 1}, {"start_time_ms": 1_767_233_700_501}, {"end_time_ms": 1_767_233_700_500}, {"max_results": 1, **NAMED}, {"max_results": 0}, {"time_interval_seconds": DAY}, {"experiment_ids": []}, {"experiment_ids": ["{E}", "{O}"]}, {"experiment_ids": ["999999"]}, {"experiment_ids": ["x"]}, {"experiment_ids": "x"}, {"page_token": "x"}, {"max_results": "x"}, {"dimensions": ["x"]}, {"dimensions": ["trace_name", "span_name", "a"]}, {"dimensions": "trace_name"}, {"view_type": 1}, {"view_type": None}, {"metric_name": "x"}, {"metric_name": ""}, {"metric_name": None}, {"aggregations": None}, {"aggregations": [{"aggregation_type": "SUM"}, {"aggregation_type": "MAX"}]}]:
    ask("TRACES", "trace_count", ["COUNT"], **more)
for filter in ["trace.status = 'OK'", "trace.status = \"ERROR\"", "trace.tag.team = 'a'", "trace.tag.`a b` = 'c'", "trace.metadata.`mlflow.trace.session` = 's1'", "trace.metadata.mlflow.trace.session = 's2'", "trace.tag.`mlflow.traceName` = 'plan'", "trace.tag.none = 'x'", "", "x", "bad.x = '1'", "trace.x = '1'", "trace.tag = '1'", "trace.status.x = '1'", "trace.status != 'OK'", "trace.status = OK", "trace.status = 5", "trace.status = 'OK' AND trace.status = 'OK'", "span.name = 'call'", "assessment.name = 'good'", "status = 'OK'"]:
    ask("TRACES", "trace_count", ["COUNT"], filters=[filter])
ask("TRACES", "trace_count", ["COUNT"], filters=["trace.status = 'OK'", "trace.tag.team = 'a'"])
ask("TRACES", "session_count", ["COUNT"])
ask("TRACES", "session_count", ["COUNT"], **TIME)
ask("TRACES", "session_count", ["COUNT"], **NAMED)
for metric in ["latency", "input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]:
    ask("TRACES", metric, SPREAD if metric == "latency" else ALL)
    ask("TRACES", metric, SPREAD, **NAMED)
ask("TRACES", "latency", ["AVG", 50], **TIME)
ask("TRACES", "latency", ["SUM"])
ask("TRACES", "latency", [101])
r("POST", TRACES + "/metrics", {"experiment_ids": ["{E}"], "view_type": "TRACES", "metric_name": "latency", "aggregations": [{"aggregation_type": "PERCENTILE"}]}, whole=True)
r("POST", TRACES + "/metrics", {"experiment_ids": ["{E}"], "view_type": "TRACES", "metric_name": "latency", "aggregations": [{"aggregation_type": "AVG", "percentile_value": 5}]}, whole=True)
r("POST", TRACES + "/metrics", {"experiment_ids": ["{E}"], "view_type": "TRACES", "metric_name": "latency", "aggregations": [{}]}, whole=True)
for more in [{}, {"dimensions": ["span_name"]}, {"dimensions": ["span_type"]}, {"dimensions": ["span_status", "span_name"]}, {"dimensions": ["span_model_name"]}, {"dimensions": ["span_model_provider", "span_type"]}, TIME, {"start_time_ms": 1_767_319_200_000}, {"filters": ["span.name = 'call'"]}, {"filters": ["span.type = 'LLM'", "trace.tag.team = 'a'"]}, {"filters": ["span.status = 'ERROR'"]}, {"filters": ["assessment.name = 'good'"]}, {"dimensions": ["trace_name"]}]:
    ask("SPANS", "span_count", ["COUNT"], **more)
ask("SPANS", "latency", SPREAD)
ask("SPANS", "latency", SPREAD, dimensions=["span_name", "span_status"])
for metric in ["input_cost", "output_cost", "total_cost"]:
    ask("SPANS", metric, ALL)
    ask("SPANS", metric, ALL, dimensions=["span_model_name"])
ask("SPANS", "total_cost", ["SUM"], **TIME)
ask("SPANS", "total_cost", ["SUM"], start_time_ms=1_767_232_800_000)
ask("SPANS", "total_cost", ["SUM"], dimensions=["span_name"])
ask("SPANS", "trace_count", ["COUNT"])
for more in [{}, {"dimensions": ["assessment_name"]}, {"dimensions": ["assessment_name", "assessment_value"]}, TIME, {"filters": ["assessment.name = 'good'"]}, {"filters": ["assessment.type = 'feedback'"]}, {"filters": ["assessment.type = 'expectation'", "trace.status = 'OK'"]}, {"filters": ["span.name = 'x'"]}]:
    ask("ASSESSMENTS", "assessment_count", ["COUNT"], **more)
ask("ASSESSMENTS", "assessment_value", SPREAD)
ask("ASSESSMENTS", "assessment_value", SPREAD, dimensions=["assessment_name"])
ask("ASSESSMENTS", "assessment_value", ["SUM"])
ask("ASSESSMENTS", "x", ["COUNT"])

sec("workspaces")
for method, path in [("GET", ""), ("POST", ""), ("GET", "/default"), ("PATCH", "/team"), ("DELETE", "/team")]:
    r(method, "/api/3.0/mlflow/workspaces" + path, {"name": "team"} if method in ("POST", "PATCH") else None)
    r(method, "/ajax-api/3.0/mlflow/workspaces" + path, {"name": "team"} if method in ("POST", "PATCH") else None)
# What only Databricks has, and a path that MLflow writes without its slash.
get("unified-traces")
get("get-online-trace-details")
r("POST", "/api/2.0mlflow/experiments/search-datasets", {})
