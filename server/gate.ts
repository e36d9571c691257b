/** Counts the requests under way, so that a server can stop without cutting one off. @module */

export type Handler = (
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
) => Response | Promise<Response>;

export interface Gate {
  handle: (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>;
  /** Refuses what comes from now on; resolves when every request that has begun is answered. */
  shut(): Promise<void>;
}

/** 503, which clients take for a reason to try again. */
export function unavailable(message: string): Response {
  return Response.json({ error_code: "TEMPORARILY_UNAVAILABLE", message }, {
    status: 503,
    headers: { "Retry-After": "1", "Connection": "close" },
  });
}

/**
 * A gate before `handler`. `Deno.serve`'s own shutdown cuts off bodies that are still being read,
 * so it may only be called when no request is under way.
 */
export function createGate(handler: Handler): Gate {
  let running = 0;
  let isShut = false;
  let onIdle = () => {};
  return {
    async handle(request, info) {
      if (isShut) return unavailable("The server is stopping");
      running++;
      try {
        return await handler(request, info);
      } finally {
        if (--running === 0) onIdle();
      }
    },
    async shut() {
      isShut = true;
      if (running > 0) await new Promise<void>((resolve) => onIdle = resolve);
    },
  };
}
