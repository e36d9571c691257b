/**
 * Users, roles, tokens and permissions, as zod schemas.
 *
 * ```ts
 * import { roleScopes } from "./mod.ts";
 * roleScopes.reviewer.includes("review");
 * ```
 * @module
 */
import { z } from "zod";

export const roles = ["viewer", "researcher", "reviewer", "admin"] as const;
export type Role = typeof roles[number];

export const scopes = ["read", "write", "review", "admin"] as const;
export type Scope = typeof scopes[number];

/** What each role may do: look; record and register; approve; everything. */
export const roleScopes: Record<Role, readonly Scope[]> = {
  viewer: ["read"],
  researcher: ["read", "write"],
  reviewer: ["read", "write", "review"],
  admin: ["read", "write", "review", "admin"],
};

export const userName = z.string().regex(
  /^[a-z0-9][a-z0-9._@-]{0,99}$/,
  "must be 1 to 100 lower-case letters, digits, dots, dashes, underscores or @",
);
export const password = z.string().min(10, "must have at least 10 characters").max(
  1000,
  "must have at most 1000 characters",
);

export const user = z.object({
  name: z.string(),
  role: z.enum(roles),
  disabled: z.boolean(),
  createdAt: z.number(),
}).meta({ id: "User" });
export type User = z.infer<typeof user>;

export const newUser = z.strictObject({
  name: userName,
  role: z.enum(roles).default("researcher"),
  password: password.optional(),
}).meta({ id: "NewUser" });

export const userChanges = z.strictObject({
  role: z.enum(roles).optional(),
  disabled: z.boolean().optional(),
  password: password.optional(),
}).meta({ id: "UserChanges" });
export type UserChanges = z.infer<typeof userChanges>;

export const token = z.object({
  id: z.string(),
  kind: z.enum(["session", "token"]),
  label: z.string(),
  scopes: z.array(z.enum(scopes)),
  createdAt: z.number(),
  expiresAt: z.number(),
  lastUsedAt: z.number().nullable(),
}).meta({ id: "Token" });
export type Token = z.infer<typeof token>;

export const newToken = z.strictObject({
  label: z.string().min(1).max(200),
  scopes: z.array(z.enum(scopes)).min(1).optional().meta({
    description: "Default: all scopes of the user's role",
  }),
  expiresInDays: z.number().int().min(1).max(3650).default(365),
}).meta({ id: "NewToken" });
export type NewToken = z.infer<typeof newToken>;

export const session = z.object({
  user: z.string(),
  scopes: z.array(z.enum(scopes)),
  auth: z.enum(["on", "off"]),
  expiresAt: z.number().nullable(),
  csrfToken: z.string().nullable().meta({
    description: "For the header X-CSRF-Token of requests that carry no Origin",
  }),
}).meta({ id: "Session" });

export const permissionLevels = ["none", "read", "write", "manage"] as const;
export type PermissionLevel = typeof permissionLevels[number];

export const experimentPermission = z.object({
  user: z.string().min(1).max(100).meta({ description: "A user's name, or * for everybody else" }),
  level: z.enum(permissionLevels),
}).meta({ id: "ExperimentPermission" });
export type ExperimentPermission = z.infer<typeof experimentPermission>;

export const quota = z.object({
  requestsPerDay: z.number().int().min(0).nullable(),
  artifactBytesPerDay: z.number().int().min(0).nullable(),
}).meta({ id: "Quota" });
export type Quota = z.infer<typeof quota>;

export const usage = quota.extend({
  requestsToday: z.number(),
  artifactBytesToday: z.number(),
}).meta({ id: "Usage" });
export type Usage = z.infer<typeof usage>;
