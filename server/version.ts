/** Versions this server answers with. @module */

/** Tapebook's own version, that of deno.json. */
export const version = "0.1.0";

/**
 * The version of MLflow whose REST protocol is spoken, as `/version` answers it. Clients read it
 * to decide which calls they may make.
 */
export const mlflowVersion = "3.17.0";
