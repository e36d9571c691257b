import assert from "node:assert/strict";
import { openTestServer } from "../../../tests/support/server.ts";
import { sign } from "../../services/webhooks/deliver.ts";
import { isPublicAddress, publicAddresses } from "../../services/webhooks/public_address.ts";

Deno.test("isPublicAddress() knows private networks, also wrapped in IPv6", () => {
  for (const ip of ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"]) {
    assert.equal(isPublicAddress(ip), true, ip);
  }
  const own =
    "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 " +
    "0.0.0.0 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fc00::1 ::ffff:127.0.0.1 ::ffff:7f00:1 " +
    "64:ff9b::7f00:1 2002:7f00:1:: 2001:db8::1 nonsense";
  for (const ip of own.split(" ")) assert.equal(isPublicAddress(ip), false, ip);
});

Deno.test("publicAddresses() refuses other schemes, names of private hosts, and odd spellings", async () => {
  const resolve = (host: string) =>
    Promise.resolve(host === "inside.example" ? ["93.184.216.34", "10.0.0.1"] : ["93.184.216.34"]);
  assert.deepEqual(await publicAddresses("https://out.example/x", { resolve }), ["93.184.216.34"]);
  for (
    const url of [
      "http://out.example/x",
      "file:///etc/passwd",
      "https://inside.example/x",
      "https://127.0.0.1/x",
      "https://0x7f.1/x",
      "https://2130706433/x",
      "https://[::1]/x",
      "https://user:password@out.example/x",
      "not a url",
    ]
  ) await assert.rejects(publicAddresses(url, { resolve }), /[Ww]ebhook URL/, url);
});

Deno.test({
  name: "webhooks are kept, tested, signed, and told of models, versions and aliases",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const received: { headers: Headers; body: string }[] = [];
    let failures = 1;
    const target = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        if (failures-- > 0) return new Response("later", { status: 503 });
        received.push({ headers: request.headers, body: await request.text() });
        return new Response("thanks");
      },
    );
    const host = `127.0.0.1:${target.addr.port}`;
    const server = await openTestServer("pglite", { env: { TAPEBOOK_WEBHOOK_HOSTS: host } });
    const api = "/api/2.0/mlflow";
    try {
      const refused = await server.request("POST", `${api}/webhooks`, {
        name: "bad",
        url: "https://169.254.169.254/latest/meta-data",
        events: [{ entity: "REGISTERED_MODEL", action: "CREATED" }],
      });
      assert.equal(refused.status, 400);
      const empty = await server.request("POST", `${api}/webhooks`, {
        name: "bad",
        url: "  ",
        events: [{ entity: "REGISTERED_MODEL", action: "CREATED" }],
      });
      assert.match(empty.json<any>().message, /cannot be empty or just whitespace: ' {2}'/);
      const unknown = await server.request("POST", `${api}/webhooks`, {
        name: "later",
        url: "https://not-yet.invalid/hook",
        events: [{ entity: "MODEL_VERSION", action: "DELETED" }],
      });
      assert.equal(unknown.status, 200, unknown.text);
      const { webhook: later } = unknown.json<any>();
      const early = await server.request("POST", `${api}/webhooks/${later.webhook_id}/test`, {});
      assert.equal(early.json<any>().result.success, false);
      await server.request("DELETE", `${api}/webhooks/${later.webhook_id}`);
      const made = await server.request("POST", `${api}/webhooks`, {
        name: "hook",
        url: `http://${host}/hook`,
        secret: "s3cret",
        events: [
          { entity: "REGISTERED_MODEL", action: "CREATED" },
          { entity: "MODEL_VERSION", action: "CREATED" },
          { entity: "MODEL_VERSION_ALIAS", action: "CREATED" },
          { entity: "MODEL_VERSION_TAG", action: "SET" },
          { entity: "MODEL_VERSION_TAG", action: "DELETED" },
          { entity: "PROMPT", action: "CREATED" },
          { entity: "PROMPT_VERSION", action: "CREATED" },
          { entity: "PROMPT_TAG", action: "SET" },
        ],
      });
      assert.equal(made.status, 200, made.text);
      const { webhook } = made.json<any>();
      assert.equal(webhook.secret, undefined);
      const { run } = (await server.request("POST", `${api}/runs/create`, { experiment_id: "0" }))
        .json<any>();
      await server.request("POST", `${api}/registered-models/create`, { name: "m" });
      await server.services.webhooks.idle();
      await server.request("POST", `${api}/model-versions/create`, {
        name: "m",
        source: `runs:/${run.info.run_id}/model`,
        run_id: run.info.run_id,
      });
      await server.services.webhooks.idle();
      await server.request("POST", `${api}/registered-models/alias`, {
        name: "m",
        alias: "candidate",
        version: "1",
      });
      await server.services.webhooks.idle();
      const onTag = { name: "m", version: "1", key: "stage" };
      const prompt = [{ key: "mlflow.prompt.is_prompt", value: "true" }];
      const ask = "Why {{this}}?";
      for (
        const [method, path, body] of [
          ["POST", "model-versions/set-tag", { ...onTag, value: "train" }],
          ["DELETE", "model-versions/delete-tag", onTag],
          ["POST", "registered-models/set-tag", { name: "m", key: "a", value: "untold" }],
          ["POST", "registered-models/create", { name: "p", tags: prompt }],
          ["POST", "registered-models/set-tag", { name: "p", key: "a", value: "b" }],
          ["POST", "model-versions/create", {
            name: "p",
            source: "dummy-source",
            tags: [...prompt, { key: "mlflow.prompt.text", value: ask }],
          }],
        ] as const
      ) {
        const done = await server.request(method, `${api}/${path}`, body);
        assert.equal(done.status, 200, done.text);
        await server.services.webhooks.idle();
      }
      const bodies = received.map(({ body }) => JSON.parse(body));
      assert.deepEqual(bodies.map((b) => `${b.entity}.${b.action}`), [
        "registered_model.created",
        "model_version.created",
        "model_version_alias.created",
        "model_version_tag.set",
        "model_version_tag.deleted",
        "prompt.created",
        "prompt_tag.set",
        "prompt_version.created",
      ]);
      assert.deepEqual(bodies.slice(3).map((b) => b.data), [
        { ...onTag, value: "train" },
        onTag,
        { name: "p", tags: {}, description: "" },
        { name: "p", key: "a", value: "b" },
        { name: "p", version: "1", template: ask, tags: {}, description: null },
      ]);
      assert.deepEqual(bodies[2].data, { name: "m", alias: "candidate", version: "1" });
      const { headers, body } = received[0];
      assert.equal(
        headers.get("x-mlflow-signature"),
        sign(
          "s3cret",
          headers.get("x-mlflow-delivery-id")!,
          headers.get("x-mlflow-timestamp")!,
          body,
        ),
      );
      const tested = await server.request("POST", `${api}/webhooks/${webhook.webhook_id}/test`, {});
      assert.deepEqual(tested.json<any>().result, {
        success: true,
        response_status: 200,
        response_body: "thanks",
      });
      await server.request("PATCH", `${api}/webhooks/${webhook.webhook_id}`, {
        status: "DISABLED",
      });
      const listed = (await server.request("GET", `${api}/webhooks`)).json<any>();
      assert.equal(listed.webhooks[0].status, "DISABLED");
      await server.request("DELETE", `${api}/webhooks/${webhook.webhook_id}`);
      const gone = await server.request("GET", `${api}/webhooks/${webhook.webhook_id}`);
      assert.equal(gone.status, 404);
      assert.equal(gone.json<any>().message, `Webhook with ID ${webhook.webhook_id} not found.`);
    } finally {
      await server.close();
      await target.shutdown();
    }
  },
});
