"""The parts of the conversation about issues, label schemas, review queues and online scoring, compared whole."""
from mlflow_requests import post as plain, r, sec

API = "/api/3.0/mlflow/"
def ask(method):
    def asked(path, payload=None, **k):
        r(method, path, payload, api=API, whole=True, **k)
    return asked
get, post, patch, delete, put = map(ask, ("GET", "POST", "PATCH", "DELETE", "PUT"))

def make(section):
    sec(section)
    plain("experiments/create", {"name": section}, save={"E": "experiment_id"})
    plain("experiments/create", {"name": section + " elsewhere"}, save={"O": "experiment_id"})
    plain("experiments/create", {"name": section + " gone"}, save={"G": "experiment_id"})
    plain("experiments/delete", {"experiment_id": "{G}"})

def trace(id, experiment="{E}"):
    r("POST", API + "traces", {"trace": {"trace_info": {"trace_id": id, "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}, "request_time": "2026-01-01T00:00:00Z", "state": "OK"}}})

make("issues")
plain("runs/create", {"experiment_id": "{E}", "run_name": "r"}, save={"R": "run.info.run_id"})
NEW = {"experiment_id": "{E}", "name": "slow", "description": "answers late"}
for body in [{}, {"experiment_id": "{E}", "name": "x"}, {"experiment_id": "{E}", "description": "x"}, {"name": "x", "description": "x"}, {**NEW, "experiment_id": "999999"}, {**NEW, "experiment_id": "{G}"}, {**NEW, "experiment_id": "x"}, {**NEW, "name": 5}, {**NEW, "name": ""}, {**NEW, "status": "zzz"}, {**NEW, "severity": "zzz"}]:
    post("issues", body)
post("issues", NEW, save={"A": "issue.issue_id"})
post("issues", {**NEW, "name": "<b>wrong</b>", "status": "resolved", "severity": "high", "root_causes": ["a", "b"], "categories": ["c"], "source_run_id": "{R}", "created_by": "me"}, save={"B": "issue.issue_id"})
post("issues", {**NEW, "name": "low", "severity": "low", "root_causes": [], "categories": []}, save={"C": "issue.issue_id"})
post("issues", {**NEW, "name": "none", "severity": "not_an_issue", "status": "rejected"})
post("issues", {**NEW, "name": "high too", "severity": "high"})
post("issues", {**NEW, "experiment_id": "{O}", "name": "elsewhere"})
get("issues/{A}")
get("issues/{B}")
get("issues/iss-none")
for body in [{"issue_id": "{A}", "status": "resolved"}, {"issue_id": "{A}", "name": "slower", "description": "later", "severity": "medium"}, {"issue_id": "{A}", "name": "", "description": ""}, {"issue_id": "{A}"}, {"status": "pending"}, {"issue_id": "{A}", "status": "zzz"}, {"issue_id": "{A}", "severity": "zzz"}]:
    patch("issues/{A}", body)
patch("issues/iss-none", {"issue_id": "iss-none", "status": "resolved"})
for n in (1, 2):
    trace(f"tr-issue{n}")
    r("POST", API + f"traces/tr-issue{n}/assessments", {"assessment": {"assessment_name": "{C}", "trace_id": f"tr-issue{n}", "source": {"source_type": "LLM_JUDGE", "source_id": "me"}, "create_time": "2026-01-01T00:00:00Z", "last_update_time": "2026-01-01T00:00:00Z", "issue": {"issue_name": "low"}}})
for body in [{"experiment_id": "{E}"}, {"experiment_id": "{E}", "include_trace_count": True}, {"experiment_id": "{E}", "max_results": 2}, {"experiment_id": "{E}", "max_results": 0}, {"experiment_id": "{E}", "max_results": 50001}, {"experiment_id": "{E}", "max_results": "x"}, {"experiment_id": "{E}", "page_token": "garbage"}, {"experiment_id": "999999"}, {"experiment_id": "x"}, {"experiment_id": "{E}", "filter_string": "status = 'pending'"}, {"experiment_id": "{E}", "filter_string": "status != 'pending'"}, {"experiment_id": "{E}", "filter_string": "source_run_id = '{R}'"}, {"experiment_id": "{E}", "filter_string": "source_run_id != 'x'"}, {"experiment_id": "{E}", "filter_string": "status = 'pending' AND source_run_id = 'x'"}, {"experiment_id": "{E}", "filter_string": "name = 'x'"}, {"experiment_id": "{E}", "filter_string": "status LIKE 'x'"}, {"experiment_id": "{E}", "filter_string": "status"}, {"filter_string": "source_run_id = '{R}'"}]:
    post("issues/search", body)
post("issues/search", {"experiment_id": "{E}", "max_results": 3}, save={"T": "next_page_token"})
post("issues/search", {"experiment_id": "{E}", "max_results": 3, "page_token": "{T}"})

make("label schemas")
get("label-schemas/list", {"experiment_id": "{E}"})
PASS = {"pass_fail": {"positive_label": "good", "negative_label": "bad"}}
NEW = {"experiment_id": "{E}", "name": "quality", "type": "FEEDBACK", "input": PASS}
post("label-schemas/create", NEW, save={"S": "label_schema.schema_id"})
post("label-schemas/create", {**NEW, "name": "which?", "type": "EXPECTATION", "input": {"categorical": {"options": ["a", "b"]}}, "instruction": "choose <one>", "enable_comment": True}, save={"C": "label_schema.schema_id"})
post("label-schemas/create", {**NEW, "name": "many", "input": {"categorical": {"options": ["a"], "multi_select": True}}})
post("label-schemas/create", {**NEW, "name": "number", "type": 1, "input": {"numeric": {"min_value": 1, "max_value": 2.5}}})
post("label-schemas/create", {**NEW, "name": "any number", "input": {"numeric": {}}})
post("label-schemas/create", {**NEW, "name": "text", "input": {"text": {"max_length": 10}}})
post("label-schemas/create", {**NEW, "name": "any text", "input": {"text": {}}, "instruction": ""})
for change in [{}, {"name": ""}, {"name": None}, {"name": "x" * 251}, {"name": "Feedback"}, {"name": " feedBACK "}, {"name": 5}, {"experiment_id": None}, {"experiment_id": "999999"}, {"experiment_id": "{G}"}, {"experiment_id": "x"}, {"type": None}, {"type": "zzz"}, {"type": 0}, {"input": None}, {"input": {}}, {"input": {"pass_fail": {}}}, {"input": {"pass_fail": {"positive_label": "a"}}}, {"input": {"pass_fail": {"positive_label": "a", "negative_label": "a"}}}, {"input": {"pass_fail": {"positive_label": "a" * 65, "negative_label": "b"}}}, {"input": {"categorical": {}}}, {"input": {"categorical": {"options": []}}}, {"input": {"categorical": {"options": ["a", ""]}}}, {"input": {"categorical": {"options": ["a", "a"]}}}, {"input": {"categorical": {"options": ["a" * 65]}}}, {"input": {"categorical": {"options": list("abcdefghijk")}}}, {"input": {"numeric": {"min_value": 2, "max_value": 1}}}, {"input": {"numeric": {"min_value": 1.5, "max_value": 1.5}}}, {"input": {"text": {"max_length": 0}}}, {"instruction": "x" * 1001}]:
    post("label-schemas/create", {**NEW, "name": "new", **change} if change else NEW)
get("label-schemas/get", {"schema_id": "{S}"})
get("label-schemas/get", {"schema_id": "ls-none"})
get("label-schemas/get")
get("label-schemas/get-by-name", {"experiment_id": "{E}", "name": "which?"})
get("label-schemas/get-by-name", {"experiment_id": "{E}", "name": "none"})
get("label-schemas/get-by-name", {"experiment_id": "{G}", "name": "quality"})
get("label-schemas/get-by-name", {"experiment_id": "{E}"})
for query in [{"experiment_id": "{E}"}, {"experiment_id": "{E}", "max_results": "3"}, {"experiment_id": "{E}", "max_results": "0"}, {"experiment_id": "{E}", "max_results": "50001"}, {"experiment_id": "{E}", "page_token": "garbage"}, {"experiment_id": "{G}"}, {"experiment_id": "x"}, {}, {"experiment_id": "{O}"}]:
    get("label-schemas/list", query)
get("label-schemas/list", {"experiment_id": "{E}", "max_results": "5"}, save={"T": "next_page_token"})
get("label-schemas/list", {"experiment_id": "{E}", "max_results": "5", "page_token": "{T}"})
get("label-schemas/get-by-name", {"experiment_id": "{E}", "name": "Feedback"}, save={"F": "label_schema.schema_id"})
for body in [{"schema_id": "{S}", "name": "renamed"}, {"schema_id": "{S}", "name": "which?"}, {"schema_id": "{S}", "name": "feedback"}, {"schema_id": "{S}", "name": ""}, {"schema_id": "{S}", "instruction": "new", "enable_comment": True}, {"schema_id": "{S}", "input": {"pass_fail": {"positive_label": "yes", "negative_label": "no"}}}, {"schema_id": "{S}", "input": {"text": {}}}, {"schema_id": "{C}", "input": {"categorical": {"options": ["x", "y"]}}}, {"schema_id": "{C}", "input": {"categorical": {"options": ["x", "y"], "multi_select": True}}}, {"schema_id": "{S}"}, {"schema_id": "{F}", "instruction": "mine"}, {"schema_id": "ls-none", "name": "x"}, {}]:
    patch("label-schemas/update", body)
for id in ["{F}", "{S}", "{S}", "ls-none"]:
    delete("label-schemas/delete", {"schema_id": id})
delete("label-schemas/delete", {})

make("review queues")
NEW = {"experiment_id": "{E}", "name": "Mine", "queue_type": "CUSTOM"}
post("label-schemas/create", {"experiment_id": "{E}", "name": "quality", "type": "FEEDBACK", "input": PASS}, save={"S": "label_schema.schema_id"})
post("label-schemas/create", {"experiment_id": "{O}", "name": "quality", "type": "FEEDBACK", "input": PASS}, save={"X": "label_schema.schema_id"})
post("review-queues/create", {**NEW, "users": ["Ann ", "bob", "ann"], "schema_ids": ["{S}", " {S}"]}, save={"Q": "review_queue.queue_id"})
post("review-queues/create", {**NEW, "name": " team "}, save={"P": "review_queue.queue_id"})
post("review-queues/create", {**NEW, "name": "Carl", "queue_type": "USER"}, save={"U": "review_queue.queue_id"})
for change in [{}, {"name": "mINE"}, {"name": ""}, {"name": "  "}, {"name": "x" * 251}, {"name": "Default"}, {"name": 5}, {"queue_type": None}, {"queue_type": "zzz"}, {"queue_type": 0}, {"experiment_id": "999999"}, {"experiment_id": "{G}"}, {"experiment_id": None}, {"users": [""]}, {"users": [f"u{i}" for i in range(11)]}, {"schema_ids": ["ls-none"]}, {"schema_ids": ["{X}"]}, {"schema_ids": [""]}, {"schema_ids": ["x" * 37]}, {"queue_type": "USER", "users": ["other"]}, {"queue_type": "USER", "schema_ids": ["{S}"]}]:
    post("review-queues/create", {**NEW, "name": "new", **change} if change else NEW)
for body in [{"experiment_id": "{E}", "user": " DAN"}, {"experiment_id": "{E}", "user": "dan"}, {"experiment_id": "{E}", "user": "mine"}, {"experiment_id": "{E}"}, {"experiment_id": "999999", "user": "dan"}]:
    post("review-queues/get-or-create-user", body)
for id in ["{Q}", "{U}", "rq-none"]:
    get("review-queues/get", {"queue_id": id})
get("review-queues/get")
for query in [{"experiment_id": "{E}", "name": "MINE"}, {"experiment_id": "{E}", "name": "none"}, {"experiment_id": "{G}", "name": "x"}, {"name": "x"}]:
    get("review-queues/get-by-name", query)
for id, experiment in [("tr-review1", "{E}"), ("tr-review2", "{E}"), ("tr-review3", "{E}"), ("tr-review4", "{O}")]:
    trace(id, experiment)
for items in [["tr-review1", " tr-review2", "tr-review1"], ["tr-review1", "tr-review3"], [], [""], ["x" * 51], ["tr-none"], ["tr-review1", "tr-review4"]]:
    post("review-queues/items/add", {"queue_id": "{Q}", "item_ids": items})
post("review-queues/items/add", {"queue_id": "rq-none", "item_ids": ["tr-review1"]})
post("review-queues/items/add", {"queue_id": "{U}", "item_ids": ["tr-review1"], "item_type": "TRACE"})
for query in [{"experiment_id": "{E}"}, {"experiment_id": "{E}", "user": "ANN"}, {"experiment_id": "{E}", "item_id": "tr-review1"}, {"experiment_id": "{E}", "item_id": "tr-none"}, {"experiment_id": "{E}", "max_results": "2"}, {"experiment_id": "{E}", "max_results": "0"}, {"experiment_id": "{E}", "page_token": "garbage"}, {"experiment_id": "{G}"}, {}]:
    get("review-queues/list", query)
get("review-queues/list", {"experiment_id": "{E}", "max_results": "2"}, save={"T": "next_page_token"})
get("review-queues/list", {"experiment_id": "{E}", "max_results": "2", "page_token": "{T}"})
for body in [{"item_id": "tr-review1", "status": "COMPLETE", "completed_by": " Ann"}, {"item_id": "tr-review1", "status": "COMPLETE", "completed_by": "bob"}, {"item_id": "tr-review2", "status": 3, "completed_by": "bob"}, {"item_id": "tr-review3", "status": "COMPLETE"}, {"item_id": "tr-review1", "status": "PENDING", "completed_by": "bob"}, {"item_id": "tr-review1", "status": "PENDING"}, {"item_id": "tr-review1"}, {"item_id": "tr-review1", "status": "zzz"}, {"item_id": "tr-none", "status": "PENDING"}, {"status": "PENDING"}, {"item_id": "tr-review3", "status": "DECLINED", "completed_by": "x" * 251}]:
    post("review-queues/items/set-status", {"queue_id": "{Q}", **body})
post("review-queues/items/set-status", {"queue_id": "rq-none", "item_id": "tr-review1", "status": "PENDING"})
for query in [{"queue_id": "{Q}"}, {"queue_id": "{Q}", "status": "DECLINED"}, {"queue_id": "{Q}", "status": "PENDING"}, {"queue_id": "{Q}", "max_results": "1"}, {"queue_id": "{Q}", "max_results": "0"}, {"queue_id": "rq-none"}, {"queue_id": "{P}"}, {}]:
    get("review-queues/items/list", query)
get("review-queues/items/list", {"queue_id": "{Q}", "max_results": "2"}, save={"T": "next_page_token"})
get("review-queues/items/list", {"queue_id": "{Q}", "max_results": "2", "page_token": "{T}"})
for body in [{"queue_id": "{Q}", "name": "Ours"}, {"queue_id": "{Q}", "name": "TEAM"}, {"queue_id": "{Q}", "name": "OURS"}, {"queue_id": "{Q}", "name": "default"}, {"queue_id": "{Q}", "users": ["eve"], "update_users": True}, {"queue_id": "{Q}", "users": ["x"]}, {"queue_id": "{Q}", "update_users": True}, {"queue_id": "{Q}", "schema_ids": [], "update_schema_ids": True}, {"queue_id": "{P}", "schema_ids": ["{S}"], "update_schema_ids": True}, {"queue_id": "{P}", "schema_ids": ["{X}"], "update_schema_ids": True}, {"queue_id": "{Q}", "new_owner": " Eve "}, {"queue_id": "{Q}", "new_owner": ""}, {"queue_id": "{Q}"}, {"queue_id": "{U}", "name": "x"}, {"queue_id": "rq-none", "name": "x"}, {}]:
    post("review-queues/update", body)
for items in [["tr-review1"], ["tr-review1", "tr-none"], []]:
    post("review-queues/items/remove", {"queue_id": "{Q}", "item_ids": items})
post("review-queues/items/remove", {"queue_id": "rq-none", "item_ids": ["tr-review1"]})
r("POST", API + "traces/delete-traces", {"experiment_id": "{E}", "request_ids": ["tr-review2"]})
get("review-queues/items/list", {"queue_id": "{Q}"})
delete("label-schemas/delete", {"schema_id": "{S}"})
get("review-queues/get", {"queue_id": "{P}"})
for id in ["{Q}", "{Q}"]:
    post("review-queues/delete", {"queue_id": id})
post("review-queues/delete", {})
get("review-queues/get", {"queue_id": "{Q}"})

make("online scoring")
r("POST", API + "scorers/register", {"experiment_id": "{E}", "name": "judge", "serialized_scorer": '{"name": "judge"}'}, save={"S": "scorer_id"})
get("scorers/online-configs?scorer_ids={S}")
for body in [{"experiment_id": "{E}", "name": "judge", "sample_rate": 0, "filter_string": "trace.status = 'OK'"}, {"experiment_id": "{E}", "name": "judge", "sample_rate": 0.5}, {"experiment_id": "{E}", "name": "judge", "sample_rate": 1.5}, {"experiment_id": "{E}", "name": "none", "sample_rate": 0}, {"experiment_id": "{E}", "name": "judge"}, {"name": "judge", "sample_rate": 0}, {"experiment_id": "999999", "name": "judge", "sample_rate": 0}]:
    put("scorers/online-config", body)
get("scorers/online-configs?scorer_ids={S}&scorer_ids=none")
get("scorers/online-configs")
