/** What every Hono handler of this server finds in its context. @module */
import type { Services } from "./services/mod.ts";
import type { Identity } from "./services/users.ts";

/** The caller as authentication found it. With authentication off everybody is the local admin. */
export interface Caller {
  /** User name, as recorded in run tags, approvals and the audit log. */
  name: string;
  scopes: readonly string[];
}

export interface AppEnv {
  Variables: {
    services: Services;
    requestId: string;
    caller: Caller;
    /** Set where sign-in is on and the caller signed in. */
    identity: Identity | null;
  };
}
