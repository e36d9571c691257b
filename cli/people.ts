/**
 * `tapebook audit|secrets|users|token`: people, secrets and the audit log from the command line.
 * @module
 */
import { type Role, roles } from "../lib/contracts/people/mod.ts";
import { readConfig } from "../server/config.ts";
import {
  addUser,
  changeSecretKey,
  makeToken,
  resetPassword,
  rotateSecrets,
  verifyAuditLog,
} from "../server/services/governance_commands.ts";
import { parseArgs, UsageError } from "./args.ts";

const config = () => readConfig(Deno.env.toObject());

function wordOf(command: string, words: readonly string[], given: string | undefined): string {
  if (given !== undefined && words.includes(given)) return given;
  throw new UsageError(
    `Cannot run ${command}: say one of ${words.join(", ")}, got ${JSON.stringify(given ?? "")}`,
  );
}

/** A secret from an environment variable: an argument would show in the list of processes. */
function secretFrom(command: string, variable: string): string {
  const value = Deno.env.get(variable);
  if (!value) throw new UsageError(`Cannot run ${command}: ${variable} must hold the new value`);
  return value;
}

/** `audit verify`. Exit code 1 when an entry was changed, removed or put in between. */
export async function auditCommand(args: string[]): Promise<number> {
  const { rest } = parseArgs("audit", args, {});
  wordOf("audit", ["verify"], rest[0]);
  const found = await verifyAuditLog(config());
  console.log(
    found.ok
      ? `${found.entries} entries, none changed`
      : `The audit log does not hold: ${found.reason}`,
  );
  return found.ok ? 0 : 1;
}

/** `secrets rotate` and `secrets rekey` (new key in TAPEBOOK_NEW_SECRET_KEY). */
export async function secretsCommand(args: string[]): Promise<number> {
  const { rest } = parseArgs("secrets", args, {});
  if (wordOf("secrets", ["rotate", "rekey"], rest[0]) === "rotate") {
    console.log(`${await rotateSecrets(config())} secrets sealed with a new data key`);
  } else {
    const key = secretFrom("secrets rekey", "TAPEBOOK_NEW_SECRET_KEY");
    const count = await changeSecretKey(config(), key);
    console.log(`${count} data keys wrapped anew; set TAPEBOOK_SECRET_KEY to the new key`);
  }
  return 0;
}

/** `users add NAME --role ROLE` and `users password NAME` (both take TAPEBOOK_NEW_PASSWORD). */
export async function usersCommand(args: string[]): Promise<number> {
  const { options, rest } = parseArgs("users", args, { role: "string" });
  const word = wordOf("users", ["add", "password"], rest[0]);
  const name = rest[1];
  if (!name) throw new UsageError(`Cannot run users ${word}: a user must be named`);
  if (word === "password") {
    await resetPassword(config(), name, secretFrom("users password", "TAPEBOOK_NEW_PASSWORD"));
    console.log(`${name} has a new password`);
    return 0;
  }
  const role = wordOf("users add --role", roles, options.role ?? "researcher") as Role;
  const password = Deno.env.get("TAPEBOOK_NEW_PASSWORD") || undefined;
  await addUser(config(), { name, role, password });
  console.log(`${name} is a ${role}`);
  return 0;
}

/** `token NAME --label LABEL --days N`: prints a token for a program of this user, once. */
export async function tokenCommand(args: string[]): Promise<number> {
  const { options, rest } = parseArgs("token", args, { label: "string", days: "integer" });
  if (rest.length !== 1) throw new UsageError("Cannot run token: one user must be named");
  console.log(
    await makeToken(config(), rest[0], {
      label: options.label ?? "command line",
      expiresInDays: options.days,
    }),
  );
  return 0;
}
