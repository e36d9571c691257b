import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { roleScopes } from "../../lib/contracts/people/mod.ts";
import {
  basic,
  bearer,
  openSignedInServer,
  password,
  system,
} from "../../tests/support/signed_in_server.ts";
import { firstPasswordFile } from "../services/governance.ts";
import { loginLimits } from "../services/users.ts";
import { loadMasterKey, masterKeyOf } from "./master_key.ts";
import { signToken } from "./tokens.ts";

const v1 = "/api/tapebook/v1";

Deno.test("tokens, passwords and sessions", async (t) => {
  const { server, tokens, clock } = await openSignedInServer();
  const { users, audit } = server.services;

  await t.step("the first start makes an administrator and keeps its password aside", async () => {
    const file = firstPasswordFile(server.config.home);
    const first = (await Deno.readTextFile(file)).trim();
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    const made = await server.request("GET", `${v1}/users`, undefined, basic("admin", password));
    assert.equal(made.status, 200, made.text);
    assert.ok(first.length >= 24);
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
        await signToken({ ...base, scopes: wide, expiresAt: clock.ms + 1e6 }, stranger, clock.ms),
      ],
      [
        "expired",
        await signToken({ ...base, scopes: ["read"], expiresAt: clock.ms - 2000 }, key, clock.ms),
      ],
      [
        "unknown id",
        await signToken(
          { ...base, id: crypto.randomUUID(), scopes: wide, expiresAt: clock.ms + 1e6 },
          key,
          clock.ms,
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
    const greedy = await signToken(
      { ...base, scopes: wide, expiresAt: clock.ms + 1e6 },
      key,
      clock.ms,
    );
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
    clock.ms += 2 * 86_400_000;
    const late = await ask(good);
    assert.equal(late.status, 401);
    assert.match(late.text, /the token has expired/);
    clock.ms -= 2 * 86_400_000;
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
    clock.ms += 4 * 60_000;
    assert.equal((await login("target", password)).status, 200);
    const failures = await audit.list({ action: "login.fail", target: "user:target" });
    assert.equal(failures.length, 5);
    // Many names from one address: all but one of its tries are used up here, to save hashing.
    const { quotas } = server.services;
    const { remaining } = await quotas.peek("login:address:local", loginLimits.address);
    await quotas.take("login:address:local", loginLimits.address, remaining - 1);
    assert.equal((await login("name1", "x")).status, 401);
    assert.equal((await login("name2", "x")).status, 429);
    clock.ms += 60 * 60_000;
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

  await server.close();
});
