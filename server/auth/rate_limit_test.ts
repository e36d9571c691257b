import assert from "node:assert/strict";
import { roleScopes } from "../../lib/contracts/people/mod.ts";
import {
  bearer,
  openSignedInServer,
  password,
  system,
} from "../../tests/support/signed_in_server.ts";
import { requestLimit } from "./rate_limit.ts";

const v1 = "/api/tapebook/v1";

Deno.test("quotas and the rate limit", async (t) => {
  const { server, tokens } = await openSignedInServer();
  const { users } = server.services;

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

  await server.close();
});
