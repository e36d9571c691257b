import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { type Role, roles, roleScopes, type Scope } from "../../lib/contracts/people/mod.ts";
import { openTestServer, type TestServer } from "../../tests/support/server.ts";
import { firstPasswordFile } from "../services/governance.ts";
import { loginLimits } from "../services/users.ts";
import { accessOf, hasRule } from "./access_rules.ts";
import { loadMasterKey, masterKeyOf } from "./master_key.ts";
import { requestLimit } from "./rate_limit.ts";
import { signToken } from "./tokens.ts";

const v1 = "/api/tapebook/v1";
const password = "correct horse";
const system = { name: "system" };
const basic = (name: string, secret: string) => ({
  authorization: `Basic ${btoa(`${name}:${secret}`)}`,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Every route of the app once, `:name` parameters filled in. */
function routesOf({ app }: TestServer): { method: string; path: string }[] {
  const seen = new Map<string, { method: string; path: string }>();
  for (const { method, path } of app.routes) {
    if (path === "/*" || path.includes("*") && method === "ALL") continue;
    const plain = path.replace(/:version\b/g, "1").replace(/:\w+(\{[^}]*\})?/g, "x")
      .replace(/\/\*$/, "/x");
    for (const m of method === "ALL" ? ["GET", "POST"] : [method]) {
      seen.set(`${m} ${plain}`, { method: m, path: plain });
    }
  }
  return [...seen.values()];
}

Deno.test("sign-in, roles and permissions", async (t) => {
  let now = Date.now();
  const server = await openTestServer("pglite", {
    env: { TAPEBOOK_AUTH: "on" },
    clock: { now: () => now },
  });
  const { users, audit } = server.services;
  const tokens = {} as Record<Role, string>;
  for (const role of roles) {
    if (role === "admin") await users.update("admin", { password }, system);
    else await users.create({ name: role, role, password }, system);
    const made = await users.createToken(
      { name: role, scopes: roleScopes[role] },
      { label: "test", expiresInDays: 1 },
      system,
    );
    tokens[role] = made.token;
  }

  await t.step("the first start makes an administrator and keeps its password aside", async () => {
    const file = firstPasswordFile(server.config.home);
    const first = (await Deno.readTextFile(file)).trim();
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    const made = await server.request("GET", `${v1}/users`, undefined, basic("admin", password));
    assert.equal(made.status, 200, made.text);
    assert.ok(first.length >= 24);
  });

  await t.step("every route has a rule", () => {
    const without = routesOf(server).filter(({ method, path }) => !hasRule(method, path));
    assert.deepEqual(without, [], "routes without a rule in server/auth/access_rules.ts");
  });

  await t.step(
    "every route refuses whoever did not sign in, and the roles that lack its scope",
    async () => {
      let checked = 0;
      for (const { method, path } of routesOf(server)) {
        const access = accessOf(method, path);
        if (access === "public") continue;
        const anonymous = await server.request(method, path);
        assert.equal(anonymous.status, 401, `${method} ${path} without sign-in`);
        assert.equal(anonymous.headers.get("www-authenticate"), 'Basic realm="mlflow"');
        for (const role of roles) {
          if (access === "signedIn" || roleScopes[role].includes(access as Scope)) continue;
          const answer = await server.request(method, path, undefined, bearer(tokens[role]));
          assert.equal(answer.status, 403, `${method} ${path} as ${role}`);
          assert.equal(answer.json().error_code, "PERMISSION_DENIED");
          checked++;
        }
      }
      assert.ok(checked > 200, `${checked} refusals`);
    },
  );

  await t.step("a role lets in what its scope allows", async () => {
    const create = (role: Role) =>
      server.request(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        { name: `of ${role}` },
        bearer(tokens[role]),
      );
    assert.equal((await create("viewer")).status, 403);
    assert.equal((await create("researcher")).status, 200);
    const search = await server.request(
      "POST",
      "/api/2.0/mlflow/runs/search",
      { experiment_ids: ["0"] },
      bearer(tokens.viewer),
    );
    assert.equal(search.status, 200, search.text);
    assert.equal(
      (await server.request("GET", `${v1}/audit`, undefined, bearer(tokens.reviewer))).status,
      200,
    );
  });

  await t.step("tampered, foreign, expired and revoked tokens are refused", async () => {
    const ask = (token: string) => server.request("GET", `${v1}/tokens`, undefined, bearer(token));
    const good = tokens.viewer;
    const [header, payload, signature] = good.split(".");
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    const forged = btoa(JSON.stringify({ ...claims, scopes: "read write review admin" }))
      .replaceAll("=", "");
    const none = btoa(JSON.stringify({ alg: "none", typ: "JWT" })).replaceAll("=", "");
    const key = (await loadMasterKey(server.config)).derive("tapebook tokens v1");
    const stranger = masterKeyOf("another secret key").derive("tapebook tokens v1");
    const base = { id: claims.jti, user: "viewer", kind: "token" as const };
    const wide = [...roleScopes.admin];
    const bad: [string, string][] = [
      ["payload changed", `${header}.${forged}.${signature}`],
      ["alg none", `${none}.${payload}.`],
      ["signature cut", `${header}.${payload}.${signature.slice(0, -2)}`],
      [
        "another key",
        await signToken({ ...base, scopes: wide, expiresAt: now + 1e6 }, stranger, now),
      ],
      ["expired", await signToken({ ...base, scopes: ["read"], expiresAt: now - 2000 }, key, now)],
      [
        "unknown id",
        await signToken(
          { ...base, id: crypto.randomUUID(), scopes: wide, expiresAt: now + 1e6 },
          key,
          now,
        ),
      ],
      [
        "another issuer",
        await new SignJWT({ scopes: "admin" }).setProtectedHeader({ alg: "HS256" })
          .setIssuer("else").setSubject("viewer").setJti(claims.jti).setExpirationTime("1h")
          .sign(key),
      ],
      ["not a token", "abc"],
    ];
    assert.equal((await ask(good)).status, 200);
    for (const [what, token] of bad) {
      const answer = await ask(token);
      assert.equal(answer.status, 401, what);
    }
    // Signed rightly, but with more than the role has: cut down to the role.
    const greedy = await signToken({ ...base, scopes: wide, expiresAt: now + 1e6 }, key, now);
    const denied = await server.request("GET", `${v1}/users`, undefined, bearer(greedy));
    assert.equal(denied.status, 403);

    const made = await server.request(
      "POST",
      `${v1}/tokens`,
      { label: "short", scopes: ["read"], expiresInDays: 1 },
      bearer(tokens.researcher),
    );
    const { token, record } = made.json<{ token: string; record: { id: string } }>();
    assert.equal((await ask(token)).status, 200);
    const beyond = await server.request(
      "POST",
      `${v1}/tokens`,
      { label: "more", scopes: ["write"] },
      bearer(token),
    );
    assert.equal(beyond.status, 403, "a token makes no stronger one");
    await server.request(
      "DELETE",
      `${v1}/tokens/${record.id}`,
      undefined,
      bearer(tokens.researcher),
    );
    assert.equal((await ask(token)).status, 401);
    now += 2 * 86_400_000;
    const late = await ask(good);
    assert.equal(late.status, 401);
    assert.match(late.text, /the token has expired/);
    now -= 2 * 86_400_000;
  });

  await t.step("a disabled user and a changed role count at once", async () => {
    await users.create({ name: "eve", role: "reviewer", password }, system);
    const { token } = await users.createToken(
      { name: "eve", scopes: roleScopes.reviewer },
      { label: "t", expiresInDays: 1 },
      system,
    );
    const ask = () => server.request("GET", `${v1}/audit`, undefined, bearer(token));
    assert.equal((await ask()).status, 200);
    await users.update("eve", { role: "viewer" }, system);
    assert.equal((await ask()).status, 403);
    await users.update("eve", { disabled: true }, system);
    assert.equal((await ask()).status, 401);
    assert.equal(
      (await server.request("GET", `${v1}/tokens`, undefined, basic("eve", password))).status,
      401,
    );
    await assert.rejects(users.update("admin", { role: "viewer" }, system), /one administrator/);
  });

  await t.step("Basic takes a password, or a token in its place", async () => {
    const ask = (headers: Record<string, string>) =>
      server.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", undefined, headers);
    assert.equal((await ask(basic("viewer", password))).status, 200);
    assert.equal((await ask(basic("whoever", tokens.viewer))).status, 200);
    for (
      const headers of [
        basic("viewer", "wrong"),
        basic("nobody", password),
        { authorization: "Basic ???" },
        { authorization: "Negotiate abc" },
      ]
    ) assert.equal((await ask(headers)).status, 401);
    const shown = await server.request("GET", `${v1}/users`, undefined, bearer(tokens.admin));
    assert.ok(!/scrypt|password_hash/.test(shown.text));
  });

  await t.step("guessing passwords is stopped, for the name and for the address", async () => {
    await users.create({ name: "target", role: "viewer", password }, system);
    const login = (user: string, secret: string) =>
      server.request("POST", `${v1}/session`, { user, password: secret });
    const statuses = [];
    for (let i = 0; i < 7; i++) statuses.push((await login("target", `guess number ${i}`)).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
    const locked = await login("target", password);
    assert.equal(locked.status, 429, "the right password does not help while it lasts");
    assert.ok(Number(locked.headers.get("retry-after")) > 0);
    now += 4 * 60_000;
    assert.equal((await login("target", password)).status, 200);
    const failures = await audit.list({ action: "login.fail", target: "user:target" });
    assert.equal(failures.length, 5);
    // Many names from one address: all but one of its tries are used up here, to save hashing.
    const { quotas } = server.services;
    const { remaining } = await quotas.peek("login:address:local", loginLimits.address);
    await quotas.take("login:address:local", loginLimits.address, remaining - 1);
    assert.equal((await login("name1", "x")).status, 401);
    assert.equal((await login("name2", "x")).status, 429);
    now += 60 * 60_000;
  });

  await t.step("a browser's session: cookie, CSRF token, sign-out", async () => {
    const login = await server.request("POST", `${v1}/session`, { user: "researcher", password });
    assert.equal(login.status, 200, login.text);
    const cookieHeader = login.headers.get("set-cookie")!;
    assert.match(cookieHeader, /HttpOnly/);
    assert.match(cookieHeader, /SameSite=Strict/);
    const cookie = cookieHeader.split(";")[0];
    const { csrfToken } = login.json<{ csrfToken: string }>();
    const host = "tapebook.example";
    const write = (headers: Record<string, string>) =>
      server.request(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        { name: crypto.randomUUID() },
        { cookie, host, ...headers },
      );
    assert.equal((await write({})).status, 403, "no Origin, no token");
    assert.equal((await write({ "x-csrf-token": "0".repeat(64) })).status, 403);
    assert.equal((await write({ "x-csrf-token": csrfToken })).status, 200);
    assert.equal((await write({ origin: `https://${host}` })).status, 200);
    for (const origin of ["https://evil.example", "null", `https://${host}.evil.example`]) {
      assert.equal((await write({ origin, "x-csrf-token": csrfToken })).status, 403, origin);
    }
    const who = await server.request("GET", `${v1}/session`, undefined, { cookie });
    assert.equal(who.json().user, "researcher");
    assert.deepEqual(who.json().scopes, ["read", "write"]);
    const out = await server.request("DELETE", `${v1}/session`, undefined, {
      cookie,
      "x-csrf-token": csrfToken,
    });
    assert.equal(out.status, 200);
    assert.equal((await server.request("GET", `${v1}/session`, undefined, { cookie })).status, 401);
  });

  await t.step("permissions of an experiment close it for others", async () => {
    const as = (role: Role) => bearer(tokens[role]);
    const ask = (role: Role, method: string, path: string, body?: unknown) =>
      server.request(method, path, body, as(role));
    const api = "/api/2.0/mlflow";
    const made = await ask("researcher", "POST", `${api}/experiments/create`, { name: "closed" });
    const { experiment_id: id } = made.json<{ experiment_id: string }>();
    const created = await ask("researcher", "POST", `${api}/runs/create`, { experiment_id: id });
    const { run } = created.json<{ run: { info: { run_id: string } } }>();
    const runId = run.info.run_id;
    const put = await ask("researcher", "PUT", `${v1}/experiments/${id}/permissions`, {
      permissions: [
        { user: "researcher", level: "manage" },
        { user: "viewer", level: "read" },
        { user: "*", level: "none" },
      ],
    });
    assert.equal(put.status, 200, put.text);
    const artifacts = `/api/2.0/mlflow-artifacts/artifacts/${id}/${runId}/artifacts`;
    const trace_id = "tr-00000000000000000000000000000001";
    const location = { mlflow_experiment: { experiment_id: id } };
    const api3 = "/api/3.0/mlflow";
    const made3 = async (path: string, body: unknown) => {
      const answer = await ask("researcher", "POST", path, body);
      assert.equal(answer.status, 200, answer.text);
      return answer.json<any>();
    };
    await made3(`${api3}/traces`, {
      trace: { trace_info: { trace_id, trace_location: location, state: "OK" } },
    });
    const { dataset } = await made3(`${api3}/datasets/create`, {
      name: "closed questions",
      experiment_ids: [id],
    });
    await made3(`${api}/registered-models/create`, { name: "half-closed" });
    await made3(`${api}/model-versions/create`, {
      name: "half-closed",
      source: `runs:/${runId}/model`,
      run_id: runId,
    });
    await made3(`${api}/model-versions/create`, { name: "half-closed", source: "s3://b/open" });
    await made3(`${api}/registered-models/alias`, {
      name: "half-closed",
      alias: "champion",
      version: "1",
    });
    const touches: [string, string, unknown?][] = [
      ["GET", `${api}/experiments/get?experiment_id=${id}`],
      ["GET", `${api}/experiments/get-by-name?experiment_name=closed`],
      ["GET", `${api}/runs/get?run_id=${runId}`],
      ["GET", `/ajax-api/2.0/mlflow/runs/get?run_uuid=${runId}`],
      ["POST", `${api}/runs/search`, { experiment_ids: ["0", id] }],
      ["GET", `${api}/metrics/get-history?run_id=${runId}&metric_key=m`],
      ["GET", `${artifacts}/x.txt`],
      ["GET", `/get-artifact?run_uuid=${runId}&path=x.txt`],
      ["GET", `${v1}/experiments/${id}/permissions`],
      ["GET", `${api3}/traces/${trace_id}`],
      ["GET", `${api3}/traces/get?trace_id=${trace_id}`],
      ["GET", `${api3}/traces/batchGet?trace_ids=${trace_id}`],
      ["POST", `${api3}/traces/batchGetInfos`, { trace_ids: [trace_id] }],
      ["POST", `${api3}/traces/search`, { locations: [location] }],
      ["GET", `${api3}/traces/${trace_id}/assessments/a-1`],
      ["GET", `${api}/traces/${trace_id}/info`],
      ["GET", `${api3}/datasets/${dataset.dataset_id}/records`],
      ["GET", `${api3}/scorers/list?experiment_id=${id}`],
      ["GET", `${api}/model-versions/get?name=half-closed&version=1`],
      ["GET", `${api}/model-versions/get-download-uri?name=half-closed&version=1`],
      ["GET", `/model-versions/get-artifact?name=half-closed&version=1&path=x`],
    ];
    for (const [method, path, body] of touches) {
      const refused = await ask("reviewer", method, path, body);
      assert.equal(refused.status, 403, `${method} ${path}`);
      assert.match(refused.text, /needs the permission read on experiment/);
      if (path.startsWith("/api")) {
        const doubled = await ask(
          "reviewer",
          method,
          path.replace("/artifacts/", "/artifacts//"),
          body,
        );
        assert.ok([403, 404].includes(doubled.status), `${path} with //: ${doubled.text}`);
      }
      const allowed = await ask("viewer", method, path, body);
      assert.ok([200, 404].includes(allowed.status), `${method} ${path}: ${allowed.text}`);
    }
    const spans = await server.request("POST", "/v1/traces", {}, {
      ...as("reviewer"),
      "x-mlflow-experiment-id": id,
    });
    assert.equal(spans.status, 403, spans.text);
    const byAlias = `${api}/registered-models/alias?name=half-closed&alias=champion`;
    assert.equal((await ask("reviewer", "GET", byAlias)).status, 403);
    assert.equal((await ask("viewer", "GET", byAlias)).status, 200);
    const seen = async (role: Role) => {
      const search = await ask(
        role,
        "GET",
        `${api}/model-versions/search?filter=name='half-closed'`,
      );
      const model = await ask(role, "GET", `${api}/registered-models/get?name=half-closed`);
      return [
        search.json<any>().model_versions.map((v: any) => v.version).sort(),
        model.json<any>().registered_model.latest_versions.map((v: any) => v.version),
      ];
    };
    assert.deepEqual(await seen("reviewer"), [["2"], ["2"]]);
    assert.deepEqual(await seen("viewer"), [["1", "2"], ["2"]]);
    const datasets = async (role: Role) =>
      (await ask(role, "POST", `${api3}/datasets/search`, { filter_string: "name LIKE 'closed%'" }))
        .json<any>().datasets?.length ?? 0;
    assert.deepEqual([await datasets("reviewer"), await datasets("viewer")], [0, 1]);
    const log = { run_id: runId, key: "m", value: 1, timestamp: 1 };
    assert.equal((await ask("reviewer", "POST", `${api}/runs/log-metric`, log)).status, 403);
    assert.equal((await ask("researcher", "POST", `${api}/runs/log-metric`, log)).status, 200);
    assert.equal((await ask("admin", "GET", `${api}/runs/get?run_id=${runId}`)).status, 200);
    const names = async (role: Role) =>
      (await ask(role, "POST", `${api}/experiments/search`, { max_results: 100 }))
        .json<{ experiments: { name: string }[] }>().experiments.map((e) => e.name);
    assert.ok(!(await names("reviewer")).includes("closed"));
    assert.ok((await names("viewer")).includes("closed"));
    const crooked = await ask("reviewer", "GET", `${artifacts}/%E0%A4%A`);
    assert.equal(crooked.status, 400, crooked.text);
    const seize = await ask("reviewer", "PUT", `${v1}/experiments/${id}/permissions`, {
      permissions: [{ user: "reviewer", level: "manage" }],
    });
    assert.equal(seize.status, 403);
  });

  await t.step("a day's quota is a limit, and says so", async () => {
    await users.create({ name: "small", role: "researcher", password }, system);
    const { token } = await users.createToken(
      { name: "small", scopes: roleScopes.researcher },
      { label: "t", expiresInDays: 1 },
      system,
    );
    const set = await server.request(
      "PUT",
      `${v1}/users/small/quota`,
      { requestsPerDay: 3, artifactBytesPerDay: 10 },
      bearer(tokens.admin),
    );
    assert.equal(set.status, 200, set.text);
    const upload = await server.request(
      "PUT",
      "/api/2.0/mlflow-artifacts/artifacts/0/x/big.bin",
      new Uint8Array(11),
      { ...bearer(token), "content-length": "11" },
    );
    assert.equal(upload.status, 429);
    assert.match(upload.text, /small may use 10 bytes of artifacts a day, and has used 11/);
    const ask = () => server.request("GET", `${v1}/users/me/usage`, undefined, bearer(token));
    assert.equal((await ask()).json().requestsToday, 2);
    assert.equal((await ask()).status, 200);
    assert.equal((await ask()).status, 429);
  });

  await t.step("a caller beyond the rate limit gets 429 with Retry-After", async () => {
    const { quotas } = server.services;
    const { remaining } = await quotas.peek("requests:user:viewer", requestLimit);
    await quotas.take("requests:user:viewer", requestLimit, remaining);
    const answer = await server.request("GET", `${v1}/tokens`, undefined, bearer(tokens.viewer));
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
    await quotas.reset("requests:user:viewer");
  });

  await t.step("secrets go in, never come out, and are sealed at rest", async () => {
    const put = await server.request(
      "POST",
      `${v1}/secrets`,
      { name: "venue/key", value: "hunter2-hunter2", kind: "venue" },
      bearer(tokens.admin),
    );
    assert.equal(put.status, 200, put.text);
    const { secrets, db } = server.services;
    const listed = await server.request("GET", `${v1}/secrets`, undefined, bearer(tokens.admin));
    assert.ok(!(put.text + listed.text).includes("hunter2"));
    assert.equal(await secrets.reveal("venue/key"), "hunter2-hunter2");
    const stored = JSON.stringify(await db.query("select * from secrets")) +
      JSON.stringify(await audit.list({ limit: 1000 }));
    assert.ok(!stored.includes("hunter2"));
    const before = await db.query<{ sealed: string; key_id: string }>("select * from secrets");
    const rotated = await server.request(
      "POST",
      `${v1}/secrets/rotate`,
      undefined,
      bearer(tokens.admin),
    );
    assert.deepEqual(rotated.json(), { rotated: 1 });
    const after = await db.query<{ sealed: string; key_id: string }>("select * from secrets");
    assert.notEqual(after[0].key_id, before[0].key_id);
    assert.equal(await secrets.reveal("venue/key"), "hunter2-hunter2");
    // Another entry's seal does not open under this name.
    await secrets.set({ name: "other", value: "x" }, system);
    await db.query(
      "update secrets set sealed = (select sealed from secrets where name = 'other') where name = 'venue/key'",
    );
    await assert.rejects(secrets.reveal("venue/key"));
  });

  await t.step("what people write comes back as data, never as a page", async () => {
    const xss = `<img src=x onerror=alert(1)>"'</script><script>alert(1)</script>`;
    const as = bearer(tokens.admin);
    const api = "/api/2.0/mlflow";
    const made = await server.request("POST", `${api}/experiments/create`, { name: xss }, as);
    const { experiment_id } = made.json<{ experiment_id: string }>();
    const created = await server.request(
      "POST",
      `${api}/runs/create`,
      { experiment_id, run_name: xss, tags: [{ key: "mlflow.note.content", value: xss }] },
      as,
    );
    const runId = created.json<{ run: { info: { run_id: string } } }>().run.info.run_id;
    const got = await server.request("GET", `${api}/runs/get?run_id=${runId}`, undefined, as);
    assert.match(got.headers.get("content-type")!, /^application\/json/);
    assert.equal(got.headers.get("x-content-type-options"), "nosniff");
    const path =
      `/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${runId}/artifacts/evil.html`;
    const stored = await server.request("PUT", path, `<script>alert(1)</script>`, as);
    assert.equal(stored.status, 200, stored.text);
    const page = await server.request("GET", path, undefined, as);
    assert.match(page.headers.get("content-disposition") ?? "", /attachment/);
    assert.equal(page.headers.get("x-content-type-options"), "nosniff");
    assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self'|sandbox/);
    const missing = await server.request(
      "GET",
      `/api/2.0/${encodeURIComponent(xss)}`,
      undefined,
      as,
    );
    assert.match(missing.headers.get("content-type")!, /^application\/json/);
  });

  await t.step("paths do not leave the artifact root, however they are written", async () => {
    const as = bearer(tokens.admin);
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
      const read = await server.request("GET", `${root}/${path}`, undefined, as);
      assert.ok([400, 404].includes(read.status), `${path}: ${read.status}`);
      assert.ok(!read.text.includes("root:"), path);
    }
  });

  await server.close();
});

Deno.test("without sign-in, other sites and rebound names are kept out", async () => {
  const server = await openTestServer();
  const create = (headers: Record<string, string>) =>
    server.request(
      "POST",
      "/api/2.0/mlflow/experiments/create",
      { name: crypto.randomUUID() },
      headers,
    );
  const host = "127.0.0.1:5000";
  assert.equal((await create({ host, origin: "http://127.0.0.1:5000" })).status, 200);
  assert.equal((await create({ host })).status, 200);
  assert.equal((await create({ host, origin: "https://evil.example" })).status, 403);
  assert.equal((await create({ host: "evil.example:5000" })).status, 403);
  const read = await server.request("GET", "/api/2.0/mlflow/experiments/search", undefined, {
    host: "evil.example",
  });
  assert.equal(read.status, 403);
  const who = await server.request("GET", `${v1}/session`, undefined, { "x-tapebook-user": "ann" });
  assert.deepEqual(who.json(), {
    user: "ann",
    scopes: ["read", "write", "review", "admin"],
    auth: "off",
    expiresAt: null,
    csrfToken: null,
  });
  await server.close();
});

Deno.test("the OpenAPI document describes every route of /api/tapebook/v1", async () => {
  const server = await openTestServer();
  const answer = await server.request("GET", `${v1}/openapi.json`);
  const document = answer.json<
    { openapi: string; paths: Record<string, Record<string, unknown>> }
  >();
  assert.match(document.openapi, /^3\.1/);
  const described = new Set(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m.toUpperCase()} ${path.replace(/\/$/, "")}`)
    ),
  );
  const missing = new Set<string>();
  for (const { method, path } of server.app.routes) {
    if (!path.startsWith(v1) || method === "ALL" || path.endsWith("openapi.json")) continue;
    const inner = path.slice(v1.length).replace(/:(\w+)(\{[^}]*\})?/g, "{$1}").replace(/\/$/, "");
    if (!described.has(`${method} ${inner}`)) missing.add(`${method} ${inner}`);
  }
  // A file with any number of folders in its path: OpenAPI has no word for such a parameter.
  missing.delete("GET /reports/file/{path}");
  assert.deepEqual([...missing], []);
  await server.close();
});
