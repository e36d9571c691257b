/**
 * Naming an environment so that a worker can make it: functions can't be sent to other threads.
 * @module
 */
import type { Environment } from "../environment.ts";

/**
 * An export of a module that makes an environment. It is called as `export(options, index)`, `index`
 * being the worker's; a promise is waited for. Options are copied to each worker: plain data, typed
 * arrays too.
 *
 * ```ts ignore
 * const environment = {
 *   module: new URL("./market_environment.ts", import.meta.url),
 *   export: "marketEnvironment",
 *   options: { bars, frame, episodeBars: 252 },
 * };
 * ```
 */
export interface EnvironmentModule {
  readonly module: URL | string;
  readonly export: string;
  readonly options?: unknown;
}

/** As {@linkcode EnvironmentModule}, with the address as text: what is posted. */
export interface EnvironmentAddress {
  readonly module: string;
  readonly export: string;
  readonly options: unknown;
}

/** The module's address and options as they are posted to workers. */
export function addressOf(environment: EnvironmentModule): EnvironmentAddress {
  const { module, export: name, options } = environment;
  return { module: String(module), export: name, options };
}

/**
 * Makes the environment of an address.
 *
 * @throws {TypeError} If the module has no function of that name.
 */
export async function makeFromModule(
  address: EnvironmentAddress,
  index: number,
): Promise<Environment> {
  const module: Record<string, unknown> = await import(address.module);
  const make = module[address.export];
  if (typeof make !== "function") {
    throw new TypeError(
      `Cannot make environment: ${address.module} must export a function ${address.export}, got ${typeof make}`,
    );
  }
  return await make(address.options, index);
}
