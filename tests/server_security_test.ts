import assert from "node:assert/strict";
import { testServer } from "./support/server.ts";

const api = "/api/2.0/mlflow";
const files = "/api/2.0/mlflow-artifacts/artifacts";

testServer(
  "paths that lead out of the artifacts are refused, however they are written",
  async (server) => {
    const paths = [
      "..%2f..%2fetc/passwd",
      "a/..%2f..%2f..%2fx",
      "%2e%2e/%2e%2e/x",
      "..%5c..%5cx",
      "%252e%252e%252fx",
      "a%00b",
      "file:%2f%2f%2fetc/passwd",
      "C:%5cwindows",
    ];
    for (const path of paths) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const answer = await server.request(
          method,
          `${files}/${path}`,
          method === "PUT" ? "x" : undefined,
        );
        assert.ok([400, 404].includes(answer.status), `${method} ${path}: ${answer.status}`);
        assert.notEqual(answer.status, 200);
      }
    }
    const listed = await server.request("GET", `${files}?path=../..`);
    assert.equal(listed.status, 400);
    assert.deepEqual(listed.json(), {
      error_code: "INVALID_PARAMETER_VALUE",
      message: "Invalid path",
    });
    const { info } = await server.services.tracking.createRun({ experimentId: "0" });
    for (
      const address of [
        `/get-artifact?run_id=${info.run_id}&path=../../x`,
        `${api}/artifacts/list?run_id=${info.run_id}&path=..`,
        `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${info.run_id}&path=../x`,
      ]
    ) {
      const answer = await server.request(address.includes("upload") ? "POST" : "GET", address);
      assert.equal(answer.status, 400, address);
      assert.equal(answer.json().message, "Invalid path");
    }
  },
);

testServer(
  "an artifact is sent as a file to save: never sniffed, framed or run",
  async (server) => {
    const html = "<script>alert(1)</script>";
    await server.request("PUT", `${files}/x/page.html`, html);
    const answer = await server.request("GET", `${files}/x/page.html`);
    assert.equal(answer.text, html);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("content-disposition"), "attachment; filename=page.html");
    assert.match(answer.headers.get("content-security-policy")!, /sandbox/);
    const odd = encodeURIComponent('ü"\r\nX: 1.txt');
    const refused = await server.request("PUT", `${files}/${odd}`, "x");
    assert.equal(refused.status, 400);
  },
);

testServer("ranges and conditions of downloads are honoured", async (server) => {
  await server.request("PUT", `${files}/range.txt`, "0123456789");
  const part = await server.request("GET", `${files}/range.txt`, undefined, { range: "bytes=2-4" });
  assert.equal(part.status, 206);
  assert.equal(part.text, "234");
  assert.equal(part.headers.get("content-range"), "bytes 2-4/10");
  const tail = await server.request("GET", `${files}/range.txt`, undefined, { range: "bytes=-3" });
  assert.equal(tail.text, "789");
  const none = await server.request("GET", `${files}/range.txt`, undefined, { range: "bytes=99-" });
  assert.equal(none.status, 416);
  const etag = part.headers.get("etag")!;
  const same = await server.request("GET", `${files}/range.txt`, undefined, {
    "if-none-match": etag,
  });
  assert.equal(same.status, 304);
});

testServer("SQL in names, keys, values and filters stays text", async (server) => {
  const { tracking } = server.services;
  const evil = "x'); drop table runs; --";
  const experimentId = await tracking.createExperiment(`${evil} ${crypto.randomUUID()}`);
  const { info } = await tracking.createRun({ experimentId, runName: evil });
  await tracking.logParams(info.run_id, [{ key: "k", value: evil }]);
  const filter = `params.k = '${evil.replaceAll("'", "''")}'`;
  const found = await tracking.searchRuns([experimentId], { filter });
  assert.deepEqual(found.items.map((r) => r.info.run_name), [evil]);
  for (const ids of [["0; drop table runs"], ["0) or (1=1"], [""]]) {
    const answer = await server.request("POST", `${api}/runs/search`, { experiment_ids: ids });
    assert.ok([200, 400].includes(answer.status));
  }
  const token = btoa(JSON.stringify({ k: ["1) or (1=1", "x"], h: "x" }));
  const paged = await server.request("POST", `${api}/runs/search`, {
    experiment_ids: [experimentId],
    page_token: token,
  });
  assert.equal(paged.status, 400);
});

testServer(
  "bodies that are too large or no JSON are refused before they cost much",
  async (server) => {
    const large = "x".repeat(server.config.maxBodyBytes + 10);
    const declared = await server.request("POST", `${api}/runs/create`, large, {
      "content-type": "application/json",
      "content-length": String(large.length),
    });
    assert.equal(declared.status, 413);
    const nested = "[".repeat(200_000);
    const bomb = await server.request("POST", `${api}/runs/create`, `{"tags":${nested}`, {
      "content-type": "application/json",
    });
    assert.equal(bomb.status, 400);
    const array = await server.request("POST", `${api}/runs/create`, "[1]", {
      "content-type": "application/json",
    });
    assert.equal(array.status, 400);
    const form = await server.request("POST", `${api}/runs/create`, "a=b", {
      "content-type": "application/x-www-form-urlencoded",
    });
    assert.equal(form.status, 400);
    assert.match(form.json<any>().message, /Content-Type must be one of/);
  },
);

testServer(
  "numbers and text that the database cannot hold are the caller's fault",
  async (server) => {
    const { info } = await server.services.tracking.createRun({ experimentId: "0" });
    const log = (metric: string) =>
      server.request(
        "POST",
        `${api}/runs/log-metric`,
        `{"run_id":"${info.run_id}","key":"m",${metric}}`,
        {
          "content-type": "application/json",
        },
      );
    assert.equal((await log('"value":1,"timestamp":99999999999999999999')).status, 400);
    assert.equal((await log('"value":1,"timestamp":1,"step":1e30')).status, 400);
    assert.equal((await log('"value":1e999,"timestamp":1')).status, 200);
    const zero = await server.request("POST", `${api}/runs/set-tag`, {
      run_id: info.run_id,
      key: "k",
      value: "a\0b",
    });
    assert.equal(zero.status, 400, zero.text);
  },
);

testServer(
  "sources of model versions may not point to this machine or leave their run",
  async (server) => {
    const { tracking, registry } = server.services;
    const name = `model ${crypto.randomUUID()}`;
    await registry.createModel(name);
    const { info } = await tracking.createRun({ experimentId: "0" });
    const create = (source: string, run_id?: string) =>
      server.request("POST", `${api}/model-versions/create`, { name, source, run_id });
    for (
      const source of [
        "/etc/passwd",
        "file:///etc/passwd",
        "mlflow-artifacts:/0/../../x",
        "mlflow-artifacts:/0/..%2f..%2fx",
        "http://host/api/2.0/mlflow-artifacts/artifacts/../../x",
        "mlflow-artifacts:/someone/else",
        "runs:/another/model",
      ]
    ) {
      const answer = await create(source, info.run_id);
      assert.equal(answer.status, 400, `${source}: ${answer.text}`);
    }
    assert.equal((await create(`${info.artifact_uri}/model`, info.run_id)).status, 200);
    assert.equal((await create(`runs:/${info.run_id}/model`, info.run_id)).status, 200);
  },
);
