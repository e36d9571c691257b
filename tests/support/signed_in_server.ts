/** A server with sign-in and one user of each role, for tests. @module */
import { type Role, roles, roleScopes } from "../../lib/contracts/people/mod.ts";
import { openTestServer, type TestServer } from "./server.ts";

/** Who changes things where no one signed in does. */
export const system = { name: "system" };

/** The password of every user. */
export const password = "correct horse";

export const basic = (name: string, secret: string) => ({
  authorization: `Basic ${btoa(`${name}:${secret}`)}`,
});
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export interface SignedInServer {
  server: TestServer;
  /** A token of each role's user, who is named as the role, with all of the role's scopes. */
  tokens: Record<Role, string>;
  /** The server's time in milliseconds, which a test may change. */
  clock: { ms: number };
}

export async function openSignedInServer(): Promise<SignedInServer> {
  const clock = { ms: Date.now() };
  const server = await openTestServer("pglite", {
    env: { TAPEBOOK_AUTH: "on" },
    clock: { now: () => clock.ms },
  });
  const { users } = server.services;
  const tokens = {} as Record<Role, string>;
  // Side by side: most of it is hashing passwords, which does not hold up this thread.
  await Promise.all(roles.map(async (role) => {
    if (role === "admin") await users.update("admin", { password }, system);
    else await users.create({ name: role, role, password }, system);
    const made = await users.createToken(
      { name: role, scopes: roleScopes[role] },
      { label: "test", expiresInDays: 1 },
      system,
    );
    tokens[role] = made.token;
  }));
  return { server, tokens, clock };
}
