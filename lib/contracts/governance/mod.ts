/**
 * What governs models, as zod schemas: lineage, policies, promotions, the audit log.
 *
 * ```ts
 * import { defaultPolicy, policy } from "./mod.ts";
 * policy.parse({ rules: [{ kind: "minDeflatedSharpe", min: 0.9, required: true }] });
 * ```
 * @module
 */
export * from "./audit.ts";
export * from "./lineage.ts";
export * from "./policy.ts";
export * from "./promotion.ts";
