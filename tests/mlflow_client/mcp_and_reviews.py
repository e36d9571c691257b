"""Checks of what the clients of MLflow 3.15 and later have: MCP servers, figures over traces, reviews."""
import mlflow
from mlflow.entities.issue import IssueSeverity, IssueStatus
from mlflow.entities.mcp_server import MCPRemoteTransportType, MCPStatus, MCPTool
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.genai.label_schemas.label_schemas import InputCategorical, InputNumeric, InputPassFail, InputText
from mlflow.genai.review_queues import ReviewStatus


def checks(client, unique, refused):
    store = client._tracking_client.store

    def experiment():
        name = unique("reviews")
        mlflow.set_experiment(name)
        return client.get_experiment_by_name(name).experiment_id

    def mcp_servers():
        name = f"com.example/{unique('server')}"
        icon = {"src": "https://8.8.8.8/i.png", "mimeType": "image/png"}
        made = client.create_mcp_server(name, description="adds", icons=[icon])
        assert (made.name, made.workspace, made.status) == (name, "default", None)
        refused(lambda: client.create_mcp_server(name), "already exists")
        refused(lambda: client.create_mcp_server("x"), "Invalid MCP server name")
        inside = [{"src": "https://169.254.169.254/x"}]
        refused(lambda: client.create_mcp_server(f"{name}2", icons=inside), "non-public IP address")
        tool = MCPTool(name="add", input_schema={"type": "object"})
        for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"):
            json = {"name": name, "version": version, "packages": [{"registryType": "npm", "identifier": "x", "transport": {"type": "stdio"}}]}
            client.create_mcp_server_version(json, tools=[tool], source="https://example.com")
        got = client.get_mcp_server_version(name, "1.9.0")
        assert (got.tools, got.status, got.source) == ([tool], MCPStatus.DRAFT, "https://example.com")
        assert client.get_latest_mcp_server_version(name).version == "2.0.0-rc.1"
        client.update_mcp_server_version(name, "1.10.0", status=MCPStatus.ACTIVE)
        assert client.get_latest_mcp_server_version(name).version == "1.10.0"
        refused(lambda: client.delete_mcp_server(name), "still has an active version")
        page = client.search_mcp_server_versions(name, "version > '1.0.0'", 2, ["`version` ASC"])
        assert [v.version for v in page] == ["1.9.0", "1.10.0"]
        rest = client.search_mcp_server_versions(name, "version > '1.0.0'", 2, ["`version` ASC"], page.token)
        assert [v.version for v in rest] == ["2.0.0-rc.1"] and rest.token is None
        client.set_mcp_server_tag(name, "team", "a & b")
        client.set_mcp_server_version_tag(name, "1.9.0", "x/y", "1")
        assert client.get_mcp_server_version(name, "1.9.0").tags == {"x/y": "1"}
        client.delete_mcp_server_version_tag(name, "1.9.0", "x/y")
        client.set_mcp_server_alias(name, "prod", "1.9.0")
        assert client.get_mcp_server_version_by_alias(name, "prod").aliases == ["prod"]
        endpoint = client.create_mcp_access_endpoint(name, "https://example.com/mcp", server_alias="prod")
        assert endpoint.resolved_version.version == "1.9.0"
        moved = client.update_mcp_access_endpoint(name, endpoint.id, server_version="1.10.0", transport_type=MCPRemoteTransportType.SSE)
        assert (moved.server_alias, moved.resolved_version.version) == (None, "1.10.0")
        assert [e.id for e in client.search_mcp_access_endpoints(name)] == [endpoint.id]
        assert client.get_mcp_access_endpoint(name, endpoint.id).transport_type == MCPRemoteTransportType.SSE
        found = client.search_mcp_servers(f"name = '{name}' AND tags.team = 'a & b' AND status = 'active'")
        assert [s.latest_version for s in found] == ["1.10.0"] and found[0].aliases == {"prod": "1.9.0"}
        assert client.update_mcp_server(name, display_name="Server").display_name == "Server"
        # Tools are refreshed by the client itself, from the address that a version has.
        refused(lambda: client.refresh_mcp_server_version_tools(name, "1.9.0"), "No usable MCP remote")
        client.delete_mcp_access_endpoint(name, endpoint.id)
        client.delete_mcp_server_alias(name, "prod")
        client.delete_mcp_server_tag(name, "team")
        client.delete_mcp_server_version(name, "1.0.0")
        refused(lambda: client.get_mcp_server_version(name, "1.0.0"), "not found")
        client.update_mcp_server_version(name, "1.10.0", status=MCPStatus.DEPRECATED)
        client.delete_mcp_server(name)
        refused(lambda: client.get_mcp_server(name), "not found")

    def traces(eid, count=2):
        for i in range(count):
            with mlflow.start_span(f"root{i}", span_type="CHAIN"):
                with mlflow.start_span("call", span_type="LLM") as span:
                    span.set_attribute("mlflow.llm.model", "small")
                    span.set_attribute("mlflow.llm.cost", {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75})
                    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 10 + i, "output_tokens": 1, "total_tokens": 11 + i})
        mlflow.flush_trace_async_logging()
        return sorted(t.info.trace_id for t in mlflow.search_traces(locations=[eid], return_type="list"))

    def figures_over_traces():
        eid = experiment()
        ids = traces(eid)
        for id, value in zip(ids, (True, "no")):
            mlflow.log_feedback(trace_id=id, name="good", value=value)

        def ask(view, metric, *aggregations, **more):
            points = store.query_trace_metrics([eid], view, metric, list(aggregations), **more)
            return [(p.dimensions, p.values) for p in points]

        count = MetricAggregation(AggregationType.COUNT)
        assert ask(MetricViewType.TRACES, "trace_count", count) == [({}, {"COUNT": 2.0})]
        median = MetricAggregation(AggregationType.PERCENTILE, 50)
        total = MetricAggregation(AggregationType.SUM)
        assert ask(MetricViewType.TRACES, "input_tokens", total, median) == [({}, {"SUM": 21.0, "P50.0": 10.5})]
        by_model = ask(MetricViewType.SPANS, "total_cost", total, dimensions=["span_model_name"])
        assert by_model == [({"span_model_name": "small"}, {"SUM": 1.5})]
        spans = ask(MetricViewType.SPANS, "span_count", count, dimensions=["span_type"], filters=["span.name = 'call'"])
        assert spans == [({"span_type": "LLM"}, {"COUNT": 2.0})]
        mean = MetricAggregation(AggregationType.AVG)
        assert ask(MetricViewType.ASSESSMENTS, "assessment_value", mean) == [({}, {"AVG": 0.5})]
        refused(lambda: ask(MetricViewType.TRACES, "x", count), "metric_name must be one of")

    def issues_and_reviews():
        eid = experiment()
        first, second = traces(eid)
        issue = store.create_issue(eid, "slow", "answers late", severity=IssueSeverity.HIGH, root_causes=["a"])
        store.create_issue(eid, "odd", "answers oddly", severity=IssueSeverity.LOW)
        assert store.update_issue(issue.issue_id, status=IssueStatus.RESOLVED).status == IssueStatus.RESOLVED
        assert store.get_issue(issue.issue_id).root_causes == ["a"]
        assert [i.name for i in store.search_issues(eid)] == ["slow", "odd"]
        assert [i.name for i in store.search_issues(eid, "status = 'pending'", include_trace_count=True)] == ["odd"]

        inputs = {"fine?": InputPassFail("yes", "no"), "which": InputCategorical(["a", "b"]), "how much": InputNumeric(0, 1), "why": InputText(10)}
        made = [store.create_label_schema(eid, name=n, type="feedback", input=i) for n, i in inputs.items()]
        assert store.get_label_schema(made[1].schema_id).input == InputCategorical(["a", "b"])
        assert store.get_label_schema_by_name(eid, "how much").input == InputNumeric(0, 1)
        assert {s.name for s in store.list_label_schemas(eid)} == {*inputs, "Feedback"}
        assert store.update_label_schema(made[0].schema_id, instruction="look").instruction == "look"
        store.delete_label_schema(made[3].schema_id)

        queue = store.create_review_queue(eid, name="Team", queue_type="custom", users=["Ann"], schema_ids=[made[0].schema_id])
        own = store.get_or_create_user_queue(eid, user="Ann")
        assert store.get_or_create_user_queue(eid, user="ann").queue_id == own.queue_id
        assert {q.name for q in store.list_review_queues(eid, user="ANN")} == {"Team", "ann"}
        store.add_items_to_review_queue(queue.queue_id, item_ids=[first, second])
        done = store.set_review_queue_item_status(queue.queue_id, item_id=first, status=ReviewStatus.COMPLETE, completed_by="Ann")
        assert (done.status, done.completed_by) == (ReviewStatus.COMPLETE, "ann")
        pending = store.list_review_queue_items(queue.queue_id, status=ReviewStatus.PENDING)
        assert [i.item_id for i in pending] == [second]
        client.delete_traces(eid, trace_ids=[second])
        assert store.list_review_queue_items(queue.queue_id, status=ReviewStatus.PENDING) == []
        assert store.update_review_queue(queue.queue_id, name="Ours").name == "Ours"
        assert store.get_review_queue_by_name(eid, name="OURS").users == ["ann"]
        store.remove_items_from_review_queue(queue.queue_id, item_ids=[first])
        store.delete_review_queue(queue.queue_id)
        refused(lambda: store.get_review_queue(queue.queue_id), "not found")

    def workspaces_are_off():
        # As against MLflow's own server without workspaces, whose status is 503, too.
        refused(lambda: mlflow.list_workspaces(), "503 error responses")

    def the_gateway_is_refused_by_name():
        calls = [
            lambda: store.list_gateway_endpoints(),
            lambda: store.list_secret_infos(),
            lambda: store.create_gateway_secret("key", {"api_key": "x"}),
            lambda: store.delete_gateway_model_definition("m"),
        ]
        for call in calls:
            error = refused(call, "this server has no gateway to language models")
            assert str(error).startswith("ENDPOINT_NOT_FOUND: No endpoint answers "), error

    return [
        mcp_servers,
        figures_over_traces,
        issues_and_reviews,
        workspaces_are_off,
        the_gateway_is_refused_by_name,
    ]
