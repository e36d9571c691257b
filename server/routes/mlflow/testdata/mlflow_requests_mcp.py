"""The part of the conversation about the MCP server registry, whose answers are compared whole."""
from mlflow_requests import r, sec

API = "/api/3.0/mlflow/mcp-servers"
ICON = {"src": "https://8.8.8.8/i.png"}

def ask(method):
    def asked(path="", payload=None, **k):
        # An address in a query is written with a question mark, since a payload would be sent as a body.
        r(method, API + path, payload, whole=True, **k)
    return asked
get, post, patch, delete = map(ask, ("GET", "POST", "PATCH", "DELETE"))

sec("mcp servers")
get()
for body in [{}, {"name": 5, "icons": 3}, {"name": "bad"}, {"name": ""}, {"name": "a/b/c"}, {"name": "com.example/tags"}, {"name": "-a/bb"}, {"name": "com.example/b"}, {"name": "com.example/_x"}, [], {"name": "com.example/icons", "icons": [{"src": "http://8.8.8.8/i.png"}]}, {"name": "com.example/icons", "icons": [{"src": "https://127.0.0.1/i.png"}]}, {"name": "com.example/icons", "icons": [{"src": "https://10.1.2.3/i.png"}]}, {"name": "com.example/icons", "icons": [{"src": "https://169.254.169.254/latest"}]}, {"name": "com.example/icons", "icons": [{"src": "https://[::1]/i.png"}]}, {"name": "com.example/icons", "icons": [{"src": "https://u:p@8.8.8.8/i.png"}]}, {"name": "com.example/icons", "icons": [{"src": "javascript:alert(1)"}]}, {"name": "com.example/icons", "icons": [{"src": " "}]}, {"name": "com.example/icons", "icons": [{"mimeType": "image/png"}]}, {"name": "com.example/icons", "icons": [{**ICON, "mimeType": "text/html"}]}, {"name": "com.example/icons", "icons": [{**ICON, "mimeType": "image/"}]}, {"name": "com.example/icons", "icons": [{**ICON, "sizes": "x", "theme": 5}]}, {"name": "com.example/icons", "icons": [ICON] * 101}, {"name": "com.example/icons", "icons": [{**ICON, "source": "version"}]}]:
    post(payload=body)
post(payload={"name": "com.example/alpha", "description": "the first", "icons": [{**ICON, "mimeType": " Image/PNG ", "extra": 1, "source": "server"}, {**ICON, "theme": "light"}]})
post(payload={"name": "com.example/alpha"})
post(payload={"name": "com.example/beta"})
post(payload={"name": "io.github.user/gamma_1.x"})
get("/com.example%2Falpha")
get("/com.example/beta")
get("/com.example%2Fnone")
patch("/com.example%2Falpha", {"display_name": "Alpha", "description": None})
patch("/com.example%2Falpha", {"icons": []})
patch("/com.example%2Falpha", {"icons": None})
patch("/com.example%2Falpha", {"icons": [{**ICON, "source": "version"}]})
patch("/com.example%2Falpha", {"latest_version": "1.0.0"})
patch("/com.example%2Falpha", {"display_name": 5})
patch("/com.example%2Falpha", {})
patch("/com.example%2Fnone", {"description": "x"})
get("/com.example%2Falpha/versions")
get("/com.example%2Fnone/versions")
get("/com.example%2Falpha/aliases/latest")
get("/com.example%2Fnone/aliases/latest")
A = "/com.example%2Falpha"
TOOL = {"name": "add", "description": "adds", "inputSchema": {"type": "object", "x": None}, "icons": [{**ICON, "source": "server"}], "dropped": 1}
JSON = {"name": "com.example/alpha", "version": "1.0.0", "title": None, "description": "of version 1", "icons": [{"src": "https://8.8.8.8/v.png", "theme": "dark"}], "packages": [{"registryType": "npm", "identifier": "x", "transport": {"type": "stdio"}, "environmentVariables": [{"name": "KEY", "isSecret": True}]}], "remotes": [{"url": "https://example.com/mcp", "type": "sse", "headers": []}], "repository": {"url": "https://example.com", "source": "github"}, "websiteUrl": "https://example.com", "_meta": {"a": {"b": None}}, "more": [1]}
post(A + "/versions", {"server_json": JSON, "tools": [TOOL], "source": "https://example.com/src", "connect_options": {"remote-0": {"hidden": True}, "remote-1": {}, "remote-2": {"hidden": "no"}}})
for body in [{"server_json": JSON}, {}, {"server_json": 5}, {"server_json": {"name": "com.example/alpha"}}, {"server_json": {"server": 5}}, {"server_json": {"server": {"name": "x"}}}, {"server_json": {"name": "com.example/beta", "version": "1.0.0"}}, {"server_json": {"name": "bad", "version": "1.0.0"}}, {"server_json": {"name": "com.example/alpha", "version": "1.0"}}, {"server_json": {"name": "com.example/alpha", "version": "01.0.0"}}, {"server_json": {"name": "com.example/alpha", "version": "2147483648.0.0"}}, {"server_json": {"name": "com.example/alpha", "version": "1.0.0-" + "a" * 130}}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "status": "deprecated"}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "status": "deleted"}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "status": "zzz"}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "status": 5}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0", "packages": [{}], "remotes": {}, "repository": 5, "_meta": []}}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0", "icons": [{"src": "https://10.0.0.1/x"}]}}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "tools": {}}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "tools": [{}]}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "tools": [{"name": "x", "inputSchema": 5}]}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "tools": [{"name": "x"}] * 1001}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "tools": [{"name": "x", "icons": [{"src": "https://10.0.0.1/x"}]}]}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "connect_options": {"a": {"hidden": "maybe"}, "b": 3}}, {"server_json": {"name": "com.example/alpha", "version": "3.0.0"}, "connect_options": 3}]:
    post(A + "/versions", body)
post(A + "/versions", {"server_json": {"server": {"name": "com.example/alpha", "version": "2.0.0-rc.2"}, "_meta": {}}, "status": "active"})
for version in ["2.0.0-rc.10", "1.10.0", "1.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-1", "1.0.0+build", "2.0.0"]:
    post("/com.example/alpha/versions", {"server_json": {"name": "com.example/alpha", "version": version}, "tools": None})
post("/com.example%2Fdelta/versions", {"server_json": {"name": "com.example/delta", "version": "0.1.0", "description": "made with its version"}})
get("/com.example%2Fdelta")
get(A)
get(A + "/versions/1.0.0")
get(A + "/versions/1.0.0%2Bbuild")
get(A + "/versions/9.9.9")
get("/com.example%2Fnone/versions/1.0.0")
get(A + "/aliases/latest")
get(A + "/versions")
for query in ["max_results=3", "max_results=0", "max_results=x", "max_results=-1", "page_token=garbage", "order_by=version", "order_by=%60version%60%20ASC", "order_by=%60version%60%20DESC", "order_by=created_at%20DESC", "order_by=%60version%60%20ASC&order_by=%60version%60%20ASC", "order_by=name", "order_by=%60version%60%20BAD", "order_by=a%20b%20c", "filter_string=status%20%3D%20'active'", "filter_string=status%20IN%20('active','draft')", "filter_string=version%20%3E%20'1.0.0'&order_by=%60version%60%20ASC", "filter_string=version%20%3C%3D%20'1.0.0'&order_by=%60version%60%20ASC", "filter_string=version%20%3D%20'1.0.0'", "filter_string=version%20!%3D%20'1.0.0'&order_by=%60version%60%20ASC", "filter_string=version%20%3E%3D%20'2.0.0-rc.2'%20AND%20version%20%3C%20'2.0.0'&order_by=%60version%60%20ASC", "filter_string=version%20%3E%20'x'", "filter_string=created_at%20%3E%200%20AND%20name%20LIKE%20'com%25'&order_by=%60version%60%20ASC", "filter_string=created_at%20%3C%200", "filter_string=foo%20%3D%20'x'"]:
    get(A + "/versions?" + query)
get(A + "/versions?max_results=4&order_by=%60version%60%20ASC", save={"T": "next_page_token"})
get(A + "/versions?max_results=4&order_by=%60version%60%20ASC&page_token={T}", save={"T": "next_page_token"})
for body in [{"status": "active"}, {"status": "active"}, {"status": None}, {"status": "zzz"}, {"status": "deleted"}, {"tools": [{"name": "b", "title": "B"}]}, {"tools": []}, {"tools": None}, {"connect_options": {"x": {"hidden": True}}}, {"connect_options": None}, {"status": "deprecated"}, {"status": "draft"}, {}]:
    patch(A + "/versions/1.0.0", body)
patch(A + "/versions/9.9.9", {"status": "active"})
for key, value in [("team", "a"), ("team", "b"), ("owner", "me & you"), ("<b>", "<script>alert(1)</script>")]:
    post(A + "/tags", {"key": key, "value": value})
    post(A + "/versions/1.9.0/tags", {"key": key, "value": value})
post("/com.example%2Fbeta/tags", {"key": "team", "value": "b"})
post(A + "/tags", {"key": "x"})
post(A + "/versions/9.9.9/tags", {"key": "x", "value": "y"})
post("/com.example%2Fnone/tags", {"key": "x", "value": "y"})
delete(A + "/tags/owner")
delete(A + "/tags/owner")
delete(A + "/versions/1.9.0/tags/owner")
delete(A + "/versions/1.9.0/tags/owner")
delete(A + "/versions/9.9.9/tags/owner")
get(A + "/versions/1.9.0")
for body in [{"alias": "prod", "version": "1.9.0"}, {"alias": "prod", "version": "1.10.0"}, {"alias": "Prod 2/x", "version": "1.9.0"}, {"alias": "latest", "version": "1.9.0"}, {"alias": "x", "version": "9.9.9"}, {"alias": "x"}]:
    post(A + "/aliases", body)
post("/com.example%2Fnone/aliases", {"alias": "x", "version": "1.0.0"})
get(A + "/aliases/prod")
get(A + "/aliases/Prod%202%2Fx")
get(A + "/aliases/none")
get(A)
for body in [{"url": "https://example.com/mcp", "server_alias": "prod"}, {"url": "http://localhost:8000/sse", "server_version": "1.9.0", "transport_type": "sse"}, {"url": "https://example.com/latest", "server_alias": "latest"}, {"url": "https://x"}, {"url": "https://x", "server_version": "1.9.0", "server_alias": "prod"}, {"url": " ", "server_alias": "prod"}, {"server_alias": "prod"}, {"url": "https://x", "server_alias": "none"}, {"url": "https://x", "server_version": "9.9.9"}, {"url": "https://x", "server_alias": "prod", "transport_type": "stdio"}]:
    post(A + "/endpoints", body, save={"X" if "transport_type" not in body else "Y": "id"} if body.get("url") in ("https://example.com/mcp", "http://localhost:8000/sse") else None)
post("/com.example%2Fnone/endpoints", {"url": "https://x", "server_alias": "latest"})
post("/com.example%2Fbeta/endpoints", {"url": "https://x", "server_alias": "latest"})
get(A + "/endpoints/{X}")
get("/com.example%2Fbeta/endpoints/{X}")
get(A + "/endpoints/ae-none")
for query in ["order_by=created_at", "order_by=created_at%20DESC&max_results=2", "server_version=1.9.0", "server_alias=prod", "server_alias=latest", "server_alias=prod&server_version=1.9.0", "filter_string=transport_type%20%3D%20'sse'", "filter_string=status%20%3D%20'active'&order_by=created_at", "filter_string=server_name%20IN%20('com.example/alpha')&order_by=created_at", "filter_string=url%20%3D%20'x'", "order_by=url"]:
    get(A + "/endpoints?" + query)
    get("/endpoints?" + query)
for body in [{"url": "https://example.com/changed"}, {"server_version": "1.9.0"}, {"server_alias": "prod"}, {"server_version": "1.9.0", "server_alias": "prod"}, {"server_alias": "none"}, {"server_version": "9.9.9"}, {"url": None}, {"url": ""}, {"transport_type": "sse"}, {"transport_type": "zzz"}, {}]:
    patch(A + "/endpoints/{X}", body)
patch(A + "/endpoints/ae-none", {"url": "https://x"})
patch("/com.example%2Fbeta/endpoints/{X}", {"url": "https://x"})
for query in ["max_results=2", "max_results=0", "max_results=1001", "max_results=x", "page_token=garbage", "order_by=name%20DESC", "order_by=created_at", "order_by=foo", "order_by=name&order_by=name", "filter_string=name%20%3D%20'com.example/beta'", "filter_string=name%20LIKE%20'com.%25'", "filter_string=name%20ILIKE%20'COM.%25'", "filter_string=name%20IN%20('com.example/beta','x')", "filter_string=name%20NOT%20IN%20('com.example/beta','x')", "filter_string=display_name%20%3D%20'Alpha'", "filter_string=display_name%20!%3D%20'x'", "filter_string=status%20%3D%20'active'", "filter_string=status%20!%3D%20'active'", "filter_string=has_access_endpoints%20%3D%20'true'", "filter_string=has_access_endpoints%20%3D%20'false'", "filter_string=tags.team%20%3D%20'b'", "filter_string=tags.team%20%3D%20'b'%20AND%20tags.none%20%3D%20'x'", "filter_string=tags.team%20LIKE%20'%25'%20AND%20name%20!%3D%20'x'", "filter_string=created_at%20%3E%200", "filter_string=foo%20%3D%20'x'", "filter_string=created_at%20%3D%20'x'", "filter_string=name%20%3E%20'com.example/beta'"]:
    get("?" + query)
get("?max_results=2", save={"T": "next_page_token"})
get("?max_results=2&page_token={T}")
delete(A)
delete(A + "/versions/1.10.0")
get(A + "/aliases/prod")
get(A + "/endpoints?order_by=created_at")
delete(A + "/versions/1.10.0")
delete(A + "/versions/2.0.0-rc.2")
patch(A + "/versions/2.0.0-rc.2", {"status": "draft"})
delete(A + "/versions/9.9.9")
delete(A + "/endpoints/{Y}")
delete(A + "/endpoints/{Y}")
delete("/com.example%2Fbeta/endpoints/{X}")
delete(A + "/aliases/Prod%202%2Fx")
delete(A + "/aliases/Prod%202%2Fx")
post(A + "/aliases", {"alias": "x", "version": "1.10.0"})
post(A + "/endpoints", {"url": "https://x", "server_version": "1.10.0"})
get(A)
delete("/com.example%2Fdelta/versions/0.1.0")
get("/com.example%2Fdelta")
delete("/com.example%2Fdelta")
delete("/com.example%2Fdelta")
delete(A)
get(A)
