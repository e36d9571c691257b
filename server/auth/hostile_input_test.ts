import assert from "node:assert/strict";
import { testServer } from "../../tests/support/server.ts";

const api = "/api/2.0/mlflow";
const json = { "content-type": "application/json" };

testServer(
  "bodies that are too large, too deep or no JSON are refused, and the server goes on",
  async (server) => {
    const { maxBodyBytes } = server.config;
    const create = (body: BodyInit, headers: Record<string, string> = {}) =>
      server.request("POST", `${api}/experiments/create`, body as string, { ...json, ...headers });

    const declared = await create("{}", { "content-length": String(maxBodyBytes + 1) });
    assert.equal(declared.status, 413, declared.text);
    const chunk = new Uint8Array(1 << 20).fill(32);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.length;
        if (sent > 4 * maxBodyBytes) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const streamed = await create(endless);
    assert.equal(streamed.status, 413, streamed.text);
    assert.ok(sent < 2 * maxBodyBytes, "the rest is not read");

    const deep = await create("[".repeat(200_000));
    assert.equal(deep.status, 400, deep.text);
    const nested = await create(`{"name":${"[".repeat(5000)}${"]".repeat(5000)}}`);
    assert.equal(nested.status, 400, nested.text);
    const gzipped = new Uint8Array(
      await new Response(
        new Blob([new Uint8Array(1 << 24)]).stream().pipeThrough(new CompressionStream("gzip")),
      ).arrayBuffer(),
    );
    const bomb = await create(gzipped as BodyInit, { "content-encoding": "gzip" });
    assert.equal(bomb.status, 400, "a compressed body is not unpacked");
    const polluted = await create(`{"__proto__":{"name":"x"},"constructor":{"prototype":{"y":1}}}`);
    assert.equal(polluted.status, 400, polluted.text);
    assert.equal(({} as Record<string, unknown>).y, undefined);

    assert.equal((await create(JSON.stringify({ name: crypto.randomUUID() }))).status, 200);
  },
);

testServer("SQL in filters, names and orders stays text", async (server) => {
  const name = `'; drop table runs; -- ${crypto.randomUUID()}`;
  const made = await server.request("POST", `${api}/experiments/create`, { name });
  assert.equal(made.status, 200, made.text);
  const { experiment_id } = made.json<{ experiment_id: string }>();
  const key = "k";
  await server.request("POST", `${api}/runs/create`, {
    experiment_id,
    run_name: `" or 1=1 --`,
    tags: [{ key, value: `x' or '1'='1` }],
  });
  const search = (body: Record<string, unknown>) =>
    server.request("POST", `${api}/runs/search`, { experiment_ids: [experiment_id], ...body });
  const none = [
    `tags.k = "x' or '1'='1' --"`,
    `params.\`a"b'c\` = 'x'`,
    `attributes.run_name = '$1'`,
    `tags.k ILIKE '%\\'`,
  ];
  for (const filter of none) {
    const answer = await search({ filter });
    assert.ok([200, 400].includes(answer.status), `${filter}: ${answer.text}`);
    if (answer.status === 200) {
      assert.deepEqual(answer.json<{ runs?: unknown[] }>().runs ?? [], [], filter);
    }
  }
  const bad = [
    `tags.k = 'a'; drop table runs`,
    `tags.k = 'a' union select 1`,
    `1 = 1`,
    `tags.k = (select 1)`,
    `metrics.m > 1 -- `,
    `metrics.m > 1e`,
    `pg_sleep(5) = 1`,
  ];
  for (const filter of bad) {
    const answer = await search({ filter });
    assert.equal(answer.status, 400, `${filter}: ${answer.text}`);
    assert.equal(answer.json().error_code, "INVALID_PARAMETER_VALUE");
  }
  for (const order of ["metrics.m; drop table runs", "start_time desc, (select 1)", "1"]) {
    const answer = await search({ order_by: [order] });
    assert.equal(answer.status, 400, `${order}: ${answer.text}`);
  }
  for (const page_token of ["'; drop table runs --", btoa("' or 1=1"), btoa('{"a":1}')]) {
    const answer = await search({ page_token });
    assert.equal(answer.status, 400, `${page_token}: ${answer.text}`);
  }
  const right = await search({ filter: `tags.k = "x' or '1'='1"` });
  assert.equal(right.json<{ runs?: unknown[] }>().runs?.length, 1);
  const found = await server.request(
    "GET",
    `${api}/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`,
  );
  assert.equal(found.status, 200);
});

testServer("an artifact's URI leads nowhere but to artifacts", async (server) => {
  const made = await server.request("POST", `${api}/experiments/create`, {
    name: crypto.randomUUID(),
  });
  const { experiment_id } = made.json<{ experiment_id: string }>();
  const created = await server.request("POST", `${api}/runs/create`, { experiment_id });
  const { run } = created.json<{ run: { info: { run_id: string } } }>();
  await server.request("POST", `${api}/registered-models/create`, { name: `m-${run.info.run_id}` });
  for (
    const source of [
      "file:///etc",
      "/etc",
      "http://169.254.169.254/latest/meta-data",
      "http://127.0.0.1:1/",
      "ftp://127.0.0.1/",
      `runs:/${run.info.run_id}/../../../../etc`,
      "mlflow-artifacts:/../../etc",
      "mlflow-artifacts://evil.example/1/2",
    ]
  ) {
    const version = await server.request("POST", `${api}/model-versions/create`, {
      name: `m-${run.info.run_id}`,
      source,
      run_id: run.info.run_id,
    });
    if (version.status !== 200) {
      assert.equal(version.status, 400, `${source}: ${version.text}`);
      continue;
    }
    const number = version.json<{ model_version: { version: string } }>().model_version.version;
    const read = await server.request(
      "GET",
      `/model-versions/get-artifact?name=m-${run.info.run_id}&version=${number}&path=passwd`,
    );
    assert.ok([400, 404, 501].includes(read.status), `${source}: ${read.status} ${read.text}`);
    assert.ok(!read.text.includes("root:"), source);
  }
});

testServer("what people write comes back as data, never as a page", async (server) => {
  const xss = `<img src=x onerror=alert(1)>"'</script><script>alert(1)</script>`;
  const made = await server.request("POST", `${api}/experiments/create`, { name: xss });
  const { experiment_id } = made.json<{ experiment_id: string }>();
  const created = await server.request(
    "POST",
    `${api}/runs/create`,
    { experiment_id, run_name: xss, tags: [{ key: "mlflow.note.content", value: xss }] },
  );
  const runId = created.json<{ run: { info: { run_id: string } } }>().run.info.run_id;
  const got = await server.request("GET", `${api}/runs/get?run_id=${runId}`);
  assert.match(got.headers.get("content-type")!, /^application\/json/);
  assert.equal(got.headers.get("x-content-type-options"), "nosniff");
  const path = `/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${runId}/artifacts/evil.html`;
  const stored = await server.request("PUT", path, `<script>alert(1)</script>`);
  assert.equal(stored.status, 200, stored.text);
  const page = await server.request("GET", path);
  assert.match(page.headers.get("content-disposition") ?? "", /attachment/);
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self'|sandbox/);
  const missing = await server.request(
    "GET",
    `/api/2.0/${encodeURIComponent(xss)}`,
  );
  assert.match(missing.headers.get("content-type")!, /^application\/json/);
});

testServer("paths do not leave the artifact root, however they are written", async (server) => {
  const root = "/api/2.0/mlflow-artifacts/artifacts";
  for (
    const path of [
      "%2e%2e/%2e%2e/etc/passwd",
      "..%2f..%2fetc%2fpasswd",
      "a/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
      "%252e%252e%252fetc%252fpasswd",
      "a%00b",
      "..%5c..%5cetc",
      "%2fetc%2fpasswd",
    ]
  ) {
    const read = await server.request("GET", `${root}/${path}`);
    assert.ok([400, 404].includes(read.status), `${path}: ${read.status}`);
    assert.ok(!read.text.includes("root:"), path);
  }
});
