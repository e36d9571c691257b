/**
 * What a run was made on.
 * @module
 */

/** Tags that say on which machine a run was made; the tracking client adds the runtime itself. */
export function machineTags(): Record<string, string> {
  return {
    "tapebook.machine.cores": String(navigator.hardwareConcurrency),
    "tapebook.machine.os": `${Deno.build.os} ${Deno.build.arch}`,
  };
}
