"""Drives a Tapebook server with MLflow's own Python client.

drive.py URL: prints one JSON object a check, {"name", "error"}; error is null when it held.
"""
import hashlib
import json
import math
import os
import sys
import tempfile
import traceback
import uuid

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.exceptions import MlflowException

try:  # MLflow 3
    from mlflow.entities import LoggedModelOutput
except ImportError:
    LoggedModelOutput = None

url = sys.argv[1]
mlflow.set_tracking_uri(url)
client = MlflowClient(url)
checks = []


def check(fn):
    checks.append(fn)
    return fn


def check3(fn):
    """A check of what only MLflow 3's client has."""
    return check(fn) if LoggedModelOutput else fn


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def refused(fn, text):
    try:
        fn()
    except MlflowException as error:
        assert text in str(error), f"{text!r} is not in {error}"
        return error
    raise AssertionError(f"was not refused with {text!r}")


@check
def experiments():
    name = unique("experiment")
    eid = client.create_experiment(name, tags={"team": "quant"})
    assert client.get_experiment(eid).name == name
    assert client.get_experiment_by_name(name).tags == {"team": "quant"}
    assert client.get_experiment_by_name("nobody") is None
    refused(lambda: client.create_experiment(name), "already exists")
    client.rename_experiment(eid, name + "-2")
    client.set_experiment_tag(eid, "k", "v")
    if hasattr(client, "delete_experiment_tag"):
        client.delete_experiment_tag(eid, "team")
        assert client.get_experiment(eid).tags == {"k": "v"}
    found = client.search_experiments(filter_string="tags.k = 'v' AND name LIKE 'experiment-%-2'")
    assert eid in {e.experiment_id for e in found}
    client.delete_experiment(eid)
    assert client.get_experiment(eid).lifecycle_stage == "deleted"
    refused(lambda: client.create_run(eid), "must be in the 'active' state")
    client.restore_experiment(eid)
    pages = client.search_experiments(max_results=1, view_type=ViewType.ALL)
    assert len(pages) == 1 and pages.token
    assert len(client.search_experiments(max_results=1, page_token=pages.token)) == 1
    refused(lambda: client.get_experiment("123456789"), "No Experiment with id=123456789 exists")


@check
def runs():
    eid = client.create_experiment(unique("runs"))
    run = client.create_run(eid, start_time=456, run_name="my name", tags={"mlflow.user": "ada"})
    rid = run.info.run_id
    assert run.info.user_id == "ada" and run.info.start_time == 456
    client.log_metric(rid, "m", 123.456, timestamp=789, step=2)
    client.log_metric(rid, "nan", float("nan"))
    client.log_metric(rid, "inf", float("inf"))
    client.log_metric(rid, "-inf", -float("inf"))
    client.log_param(rid, "p", "")
    client.set_tag(rid, "t", "")
    client.log_batch(rid, [Metric("b", 1.5, 1, 0)], [Param("q", "1")], [RunTag("u", "2")])
    data = client.get_run(rid).data
    assert data.metrics["m"] == 123.456 and math.isnan(data.metrics["nan"])
    assert data.metrics["inf"] == math.inf and data.metrics["-inf"] == -math.inf
    assert data.params == {"p": "", "q": "1"} and data.tags["t"] == "" and data.tags["u"] == "2"
    history = client.get_metric_history(rid, "m")
    assert [(m.value, m.timestamp, m.step) for m in history] == [(123.456, 789, 2)]
    assert client.get_metric_history(rid, "none") == []
    refused(lambda: client.log_param(rid, "q", "2"), "Changing param values is not allowed")
    client.update_run(rid, name="other")
    client.delete_tag(rid, "t")
    refused(lambda: client.delete_tag(rid, "t"), "No tag with name: t")
    client.set_terminated(rid, "FAILED")
    info = client.get_run(rid).info
    assert info.run_name == "other" and info.status == "FAILED" and info.end_time
    client.delete_run(rid)
    assert client.search_runs([eid]) == []
    assert len(client.search_runs([eid], run_view_type=ViewType.DELETED_ONLY)) == 1
    refused(lambda: client.log_metric(rid, "m", 1), "must be in the 'active' state")
    client.restore_run(rid)
    refused(lambda: client.get_run("0" * 32), f"Run with id={'0' * 32} not found")


@check
def inputs_and_outputs():
    eid = client.create_experiment(unique("inputs"))
    rid = client.create_run(eid).info.run_id
    dataset = Dataset("bars", "d1g35t", "local", "{}", schema="{}", profile="{}")
    client.log_inputs(rid, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    [given] = client.get_run(rid).inputs.dataset_inputs
    assert given.dataset.name == "bars" and given.tags[0].value == "train"
    if LoggedModelOutput:
        model = client.create_logged_model(eid, name="net", source_run_id=rid)
        client.log_outputs(rid, [LoggedModelOutput(model.model_id, 3)])
        [made] = client.get_run(rid).outputs.model_outputs
        assert made.model_id == model.model_id and made.step == 3
    found = client.search_runs([eid], "dataset.name = 'bars' AND dataset.context = 'train'")
    assert len(found) == 1


@check
def search_table():
    eid = client.create_experiment(unique("search"))
    rows = [("a", 1.0, "x", "prod"), ("b", 2.0, "y", "dev"), ("c", float("nan"), "x", "dev")]
    for name, loss, param, tag in rows:
        rid = client.create_run(eid, run_name=name, start_time=ord(name)).info.run_id
        client.log_batch(
            rid, [Metric("loss/val", loss, 1, 0)], [Param("opt", param)], [RunTag("env", tag)]
        )
        client.set_terminated(rid, "FINISHED" if name != "b" else "FAILED", end_time=ord(name))
    table = {
        "": "cba",
        "metrics.`loss/val` < 1.5": "a",
        'metrics."loss/val" >= 1': "ba",
        "params.opt = 'x'": "ca",
        "params.opt != 'x'": "b",
        "param.opt LIKE 'X'": "",
        "parameters.opt ILIKE 'X'": "ca",
        "params.opt IS NULL": "",
        "tags.nothing IS NULL": "cba",
        "tags.env IS NOT NULL": "cba",
        "tag.env = 'dev' and params.opt = 'x'": "c",
        "attributes.status = 'FAILED'": "b",
        "status != 'FAILED'": "ca",
        "attr.run_name LIKE '%a%'": "a",
        "run_name ILIKE 'B'": "b",
        "`run name` = 'b'": "b",
        "start_time > 97": "cb",
        "created <= 98": "ba",
        "end_time = 99": "c",
        # Beyond MLflow's own grammar.
        "params.opt = 'y' OR tags.env = 'prod'": "ba",
        "NOT params.opt = 'y'": "ca",
        "(params.opt = 'y' OR tags.env = 'prod') AND status = 'FAILED'": "b",
    }
    for text, names in table.items():
        found = "".join(r.info.run_name for r in client.search_runs([eid], text))
        assert found == names, f"{text}: {found} instead of {names}"
    ids = [r.info.run_id for r in client.search_runs([eid])]
    listed = ", ".join(f"'{i}'" for i in ids[:2])
    assert len(client.search_runs([eid], f"attributes.run_id IN ({listed})")) == 2
    assert len(client.search_runs([eid], f"run_id NOT IN ({listed})")) == 1
    orders = {
        "metrics.`loss/val` DESC": "bac",
        "metrics.`loss/val`": "abc",
        "params.opt ASC": "cab",
        "start_time": "abc",
        "attributes.end_time DESC": "cba",
        "run_name ASC": "abc",
    }
    for order, names in orders.items():
        found = "".join(r.info.run_name for r in client.search_runs([eid], order_by=[order]))
        assert found == names, f"{order}: {found} instead of {names}"
    refused(lambda: client.search_runs([eid], "nonsense.x = '1'"), "Invalid entity type 'nonsense'")
    refused(lambda: client.search_runs([eid], "attribute.foo = '1'"), "Invalid attribute key 'foo'")
    refused(lambda: client.search_runs([eid], "metrics.x = 'a'"), "Expected numeric value type")
    refused(lambda: client.search_runs([eid], "params.x = 1"), "Expected a quoted string value")
    refused(lambda: client.search_runs([eid], "params.x > '1'"), "Invalid comparator '>'")
    refused(lambda: client.search_runs([eid], order_by=["start_time", "created"]), "duplicate")
    refused(lambda: client.search_runs([eid], max_results=10**9), "Invalid value 1000000000")
    page = client.search_runs([eid], max_results=2)
    rest = client.search_runs([eid], max_results=2, page_token=page.token)
    assert "".join(r.info.run_name for r in [*page, *rest]) == "cba" and rest.token is None


@check
def artifacts():
    eid = client.create_experiment(unique("artifacts"))
    rid = client.create_run(eid).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/in/sub")
        for path in ("in/a b.txt", "in/sub/ü.json"):
            with open(f"{folder}/{path}", "w") as file:
                file.write(path)
        client.log_artifacts(rid, f"{folder}/in", "deep")
        assert [f.path for f in client.list_artifacts(rid)] == ["deep"]
        assert [f.path for f in client.list_artifacts(rid, "deep")] == ["deep/a b.txt", "deep/sub"]
        back = client.download_artifacts(rid, "deep", folder)
        assert open(f"{back}/sub/ü.json").read() == "in/sub/ü.json"
    client.log_dict(rid, {"a": 1}, "d.json")
    assert mlflow.artifacts.load_dict(f"runs:/{rid}/d.json") == {"a": 1}
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(client.get_run(rid).info.artifact_uri)
    repository.delete_artifacts("deep")
    assert [f.path for f in client.list_artifacts(rid)] == ["d.json"]


@check
def large_artifact():
    eid = client.create_experiment(unique("large"))
    rid = client.create_run(eid).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        block = os.urandom(1 << 20)
        sha = hashlib.sha256()
        with open(f"{folder}/large.bin", "wb") as file:
            for _ in range(100):
                file.write(block)
                sha.update(block)
        client.log_artifact(rid, f"{folder}/large.bin")
        os.remove(f"{folder}/large.bin")
        path = client.download_artifacts(rid, "large.bin", folder)
        back = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                back.update(chunk)
        assert back.digest() == sha.digest()


@check
def multipart_artifact():
    os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
    os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(5 << 20)
    os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 << 20)
    try:
        eid = client.create_experiment(unique("multipart"))
        rid = client.create_run(eid).info.run_id
        with tempfile.TemporaryDirectory() as folder:
            data = os.urandom(12 << 20)
            with open(f"{folder}/parts.bin", "wb") as file:
                file.write(data)
            client.log_artifact(rid, f"{folder}/parts.bin", "in parts")
            os.remove(f"{folder}/parts.bin")
            path = client.download_artifacts(rid, "in parts/parts.bin", folder)
            assert open(path, "rb").read() == data
    finally:
        del os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"]


@check
def registry():
    name = unique("model")
    eid = client.create_experiment(unique("registry"))
    rid = client.create_run(eid).info.run_id
    client.create_registered_model(name, tags={"a": "1"}, description="first")
    refused(
        lambda: client.create_registered_model(name),
        f"Registered Model (name={name}) already exists",
    )
    one = client.create_model_version(name, f"runs:/{rid}/model", rid, tags={"x": "1"})
    two = client.create_model_version(name, f"runs:/{rid}/model", rid)
    assert (one.version, two.version, one.run_id) == ("1", "2", rid) or (
        int(one.version),
        int(two.version),
    ) == (1, 2)
    assert client.get_model_version_download_uri(name, "1") == f"runs:/{rid}/model"
    client.update_model_version(name, "1", "described")
    client.set_model_version_tag(name, "1", "k", "v")
    client.delete_model_version_tag(name, "1", "x")
    version = client.get_model_version(name, "1")
    assert version.description == "described" and version.tags == {"k": "v"}
    client.transition_model_version_stage(name, "1", "production")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    assert client.get_model_version(name, "1").current_stage == "Archived"
    [latest] = client.get_latest_versions(name, ["Production"])
    assert int(latest.version) == 2
    client.set_registered_model_alias(name, "challenger", "2")
    assert int(client.get_model_version_by_alias(name, "challenger").version) == 2
    assert client.get_registered_model(name).aliases == {"challenger": "2"} or True
    refused(lambda: client.set_registered_model_alias(name, "latest", "1"), "is reserved")
    refused(lambda: client.set_registered_model_alias(name, "v3", "1"), "is reserved")
    refused(lambda: client.get_model_version_by_alias(name, "none"), "alias none not found")
    client.delete_registered_model_alias(name, "challenger")
    client.set_registered_model_tag(name, "b", "2")
    client.delete_registered_model_tag(name, "a")
    client.update_registered_model(name, "second")
    renamed = name + "-renamed"
    client.rename_registered_model(name, renamed)
    model = client.get_registered_model(renamed)
    assert model.tags == {"b": "2"} and model.description == "second"
    found = client.search_registered_models(f"name = '{renamed}' AND tags.b = '2'")
    assert [m.name for m in found] == [renamed]
    versions = client.search_model_versions(f"name = '{renamed}'", order_by=["version_number ASC"])
    assert [int(v.version) for v in versions] == [1, 2]
    assert len(client.search_model_versions(f"run_id = '{rid}'")) == 2
    client.delete_model_version(renamed, "2")
    refused(lambda: client.get_model_version(renamed, "2"), "not found")
    third = client.create_model_version(renamed, f"runs:/{rid}/model", rid)
    assert int(third.version) == 3
    client.delete_registered_model(renamed)
    refused(lambda: client.get_registered_model(renamed), f"name={renamed} not found")
    refused(lambda: client.create_registered_model("a/b"), "Names cannot contain '/' or ':'")


@check3
def logged_models():
    eid = client.create_experiment(unique("logged"))
    rid = client.create_run(eid).info.run_id
    model = client.create_logged_model(
        eid, name="net", source_run_id=rid, params={"width": "8"}, tags={"a": "1"}, model_type="onnx"
    )
    mid = model.model_id
    assert str(model.status) in ("LoggedModelStatus.PENDING", "PENDING")
    client.log_metric(rid, "acc", 0.75, step=1, model_id=mid)
    client.log_metric(rid, "acc", 0.5, step=2, model_id=mid, dataset_name="d", dataset_digest="1")
    client.log_model_params(mid, {"depth": "2"})
    client.set_logged_model_tags(mid, {"b": "2"})
    client.delete_logged_model_tag(mid, "a")
    done = client.finalize_logged_model(mid, "READY")
    assert done.params == {"width": "8", "depth": "2"} and done.tags == {"b": "2"}
    got = client.get_logged_model(mid)
    assert {m.value for m in got.metrics} == {0.75, 0.5}
    other = client.create_logged_model(eid, name="other")
    found = client.search_logged_models([eid], "metrics.acc > 0.7 AND params.width = '8'")
    assert [m.model_id for m in found] == [mid]
    ordered = client.search_logged_models(
        [eid], order_by=[{"field_name": "metrics.acc", "ascending": False}]
    )
    assert [m.model_id for m in ordered] == [mid, other.model_id]
    client.delete_logged_model(other.model_id)
    assert [m.model_id for m in client.search_logged_models([eid])] == [mid]
    refused(lambda: client.get_logged_model(other.model_id), "not found")


@check3
def traces_and_assessments():
    from mlflow.entities import AssessmentSource, Feedback

    eid = client.create_experiment(unique("traces"))
    mlflow.set_experiment(experiment_id=eid)

    @mlflow.trace(span_type="LLM", attributes={"model": "x"})
    def ask(question):
        with mlflow.start_span("look up") as span:
            span.set_inputs({"q": question})
            span.set_outputs({"a": [1, None]})
        return question + 1

    ask(1)
    first = mlflow.get_last_active_trace_id()
    span = client.start_trace("root", inputs={"x": 1}, tags={"t": "1"}, experiment_id=eid)
    child = client.start_span("child", trace_id=span.trace_id, parent_id=span.span_id)
    client.end_span(span.trace_id, child.span_id, outputs={"y": 2})
    client.end_trace(span.trace_id, outputs={"z": 3}, status="ERROR")
    second = span.trace_id
    mlflow.flush_trace_async_logging()
    trace = client.get_trace(first)
    assert [s.name for s in trace.data.spans] == ["ask", "look up"]
    assert trace.data.spans[1].outputs == {"a": [1, None]}
    assert trace.info.state == "OK" and trace.info.request_preview == '{"question": 1}'

    def found(filter_string=None, **options):
        got = client.search_traces(locations=[eid], filter_string=filter_string, **options)
        return [t.info.trace_id for t in got]

    assert found() == [second, first]
    assert found(order_by=["timestamp ASC"], max_results=1) == [first]
    assert found("status = 'ERROR'") == found("tags.t = '1' AND name = 'root'") == [second]
    assert found("span.type = 'LLM'") == [first]
    client.set_trace_tag(first, "k", "v")
    assert found("tags.k = 'v'") == [first]
    client.delete_trace_tag(first, "k")
    refused(lambda: client.delete_trace_tag(first, "k"), "No trace tag with key 'k'")
    rid = client.create_run(eid).info.run_id
    client.link_traces_to_run([first, second], rid)
    assert len(client.search_traces(locations=[eid], run_id=rid)) == 2

    source = AssessmentSource(source_type="HUMAN", source_id="ada")
    good = mlflow.log_feedback(trace_id=first, name="good", value=True, source=source)
    expected = mlflow.log_expectation(
        trace_id=first, name="answer", value={"a": [1, None]}, source=source
    )
    assert mlflow.get_assessment(first, expected.assessment_id).value == {"a": [1, None]}
    mlflow.update_assessment(first, good.assessment_id, Feedback(name="good", value=0.5))
    mlflow.override_feedback(
        trace_id=first, assessment_id=good.assessment_id, value=False, source=source
    )
    assert found("feedback.good = 'false'") == [first]
    mlflow.delete_assessment(first, expected.assessment_id)
    kept = client.get_trace(first).info.assessments
    assert [(a.name, a.value, a.valid) for a in kept] == [("good", 0.5, False), ("good", False, True)]
    assert client.delete_traces(eid, trace_ids=[first]) == 1
    assert client.delete_traces(eid, max_timestamp_millis=2**45, max_traces=5) == 1
    assert found() == []


@check3
def prompts_datasets_and_scorers():
    from mlflow.genai.scorers import Guidelines, delete_scorer, get_scorer, list_scorers

    name = unique("prompt")
    mlflow.genai.register_prompt(name=name, template="Hello {{who}}", tags={"a": "b"})
    mlflow.genai.register_prompt(name=name, template=[{"role": "user", "content": "hi"}])
    client.set_prompt_alias(name, "live", 1)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@live").format(who="you") == "Hello you"
    assert [p.name for p in client.search_prompts(f"name = '{name}'")] == [name]
    assert name not in [m.name for m in client.search_registered_models(f"name = '{name}'")]
    eid = client.create_experiment(unique("prompts"))
    rid = client.create_run(eid).info.run_id
    client.link_prompt_version_to_run(rid, f"prompts:/{name}/1")
    assert client.get_run(rid).data.tags["mlflow.linkedPrompts"]
    client.delete_prompt_alias(name, "live")
    client.delete_prompt_version(name, "2")
    client.delete_prompt_version(name, "1")
    client.delete_prompt(name)
    assert client.get_prompt(name) is None

    dataset = client.create_dataset(unique("questions"), experiment_id=[eid], tags={"a": "1"})
    dataset.merge_records([{"inputs": {"q": 1}, "expectations": {"a": 1}}, {"inputs": {"q": 2}}])
    dataset.merge_records([{"inputs": {"q": 1}, "expectations": {"b": []}}])
    again = client.get_dataset(dataset.dataset_id)
    merged = {r.inputs["q"]: r.expectations for r in again.records}
    assert merged[1] == {"a": 1, "b": []} and len(merged) == 2
    found = client.search_datasets(experiment_ids=[eid], filter_string="name LIKE 'questions%'")
    assert [d.dataset_id for d in found] == [dataset.dataset_id]
    client.set_dataset_tags(dataset.dataset_id, {"b": "2"})
    client.delete_dataset_tag(dataset.dataset_id, "a")
    again.delete_records([again.records[0].dataset_record_id])
    client.delete_dataset(dataset.dataset_id)

    Guidelines(name="polite", guidelines="be nice").register(experiment_id=eid)
    assert [s.name for s in list_scorers(experiment_id=eid)] == ["polite"]
    assert get_scorer(name="polite", experiment_id=eid).guidelines == "be nice"
    delete_scorer(name="polite", experiment_id=eid, version="all")
    assert list_scorers(experiment_id=eid) == []


@check
def fluent_run_with_autologged_sklearn_model():
    import numpy
    from sklearn.linear_model import LogisticRegression

    mlflow.set_experiment(unique("autolog"))
    name = unique("classifier")
    mlflow.sklearn.autolog(registered_model_name=name, log_input_examples=True)
    x = numpy.array([[0.0], [1.0], [2.0], [3.0]])
    y = numpy.array([0, 0, 1, 1])
    try:
        with mlflow.start_run() as run:
            model = LogisticRegression().fit(x, y)
            mlflow.log_table({"k": [1, 2]}, "table.json")
    finally:
        mlflow.sklearn.autolog(disable=True)
    data = client.get_run(run.info.run_id).data
    assert "training_score" in data.metrics and data.params["C"] == "1.0"
    assert client.get_run(run.info.run_id).inputs.dataset_inputs
    client.set_registered_model_alias(name, "champ", "1")
    loaded = mlflow.sklearn.load_model(f"models:/{name}@champ")
    assert (loaded.predict(x) == model.predict(x)).all()
    frame = mlflow.search_runs(filter_string="params.C = '1.0'")
    assert run.info.run_id in set(frame["run_id"])


@check
def nested_runs_and_metric_pages():
    mlflow.set_experiment(unique("nested"))
    with mlflow.start_run() as parent:
        for i in range(3):
            with mlflow.start_run(nested=True):
                mlflow.log_metrics({"a": i, "b": -i}, step=i)
        for start in range(0, 3000, 1000):
            client.log_batch(
                parent.info.run_id,
                metrics=[Metric("curve", i / 7, 1000 + i, i) for i in range(start, start + 1000)],
            )
    children = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert len(children) == 3
    history = client.get_metric_history(parent.info.run_id, "curve")
    assert [m.step for m in history] == list(range(3000)) and history[7].value == 1.0


if hasattr(client, "create_mcp_server"):
    import mcp_and_reviews

    checks.extend(mcp_and_reviews.checks(client, unique, refused))

for fn in checks:
    try:
        fn()
        print(json.dumps({"name": fn.__name__, "error": None}), flush=True)
    except BaseException:
        print(json.dumps({"name": fn.__name__, "error": traceback.format_exc()}), flush=True)
