/**
 * What a run was made on.
 * @module
 */

/** Tags that say on which machine and runtime a run was made. */
export function machineTags(): Record<string, string> {
  return {
    "tapebook.machine.cores": String(navigator.hardwareConcurrency),
    "tapebook.machine.os": `${Deno.build.os} ${Deno.build.arch}`,
    "tapebook.machine.deno": Deno.version.deno,
  };
}
