import assert from "node:assert/strict";
import { createSession, type Session } from "./session.ts";

const settled = () => new Promise((done) => setTimeout(done, 0));

function fakeApi(current: Session | null) {
  return {
    current: () => Promise.resolve(current),
    signIn: (user: string, password: string) =>
      password === "right"
        ? Promise.resolve({ user, scopes: ["viewer"], auth: "on" as const })
        : Promise.reject(new Error("Wrong name or password")),
    signOut: () => Promise.resolve(),
  };
}

Deno.test("nobody is asked to sign in on a server without sign-in", async () => {
  const model = createSession(fakeApi({ user: "local", scopes: ["admin"], auth: "off" }));
  assert.equal(model.isNeeded.value, false);
  await settled();
  assert.equal(model.isNeeded.value, false);
  assert.equal(model.session.value!.user, "local");
});

Deno.test("a wrong password says so, the right one opens the pages", async () => {
  const model = createSession(fakeApi(null));
  await settled();
  assert.equal(model.isNeeded.value, true);
  assert.equal(await model.signIn("ada", "wrong"), false);
  assert.equal(model.error.value, "Wrong name or password");
  assert.equal(await model.signIn("ada", "right"), true);
  assert.deepEqual([model.isNeeded.value, model.error.value], [false, null]);
});

Deno.test("a session that ends, and signing out, bring the sign-in back", async () => {
  const model = createSession(fakeApi({ user: "ada", scopes: [], auth: "on" }));
  await settled();
  model.demand();
  assert.equal(model.isNeeded.value, true);
  await model.signIn("ada", "right");
  await model.signOut();
  assert.equal(model.isNeeded.value, true);
});
