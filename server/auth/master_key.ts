/**
 * The one secret from which the keys of sessions and secrets are derived.
 *
 * TAPEBOOK_SECRET_KEY, or a random one that is made at the first start and kept in `secret.key`
 * under TAPEBOOK_HOME, readable by its owner only. Servers that share a database must share it.
 * @module
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export class MasterKey {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** 32 bytes for one purpose; keys of different purposes tell nothing of each other. */
  derive(purpose: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(hkdf(sha256, this.#bytes, undefined, utf8ToBytes(purpose), 32));
  }

  /** Tells master keys apart without giving them away. */
  get id(): string {
    return bytesToHex(this.derive("tapebook master key id")).slice(0, 16);
  }
}

/** The key of the text of TAPEBOOK_SECRET_KEY. */
export function masterKeyOf(text: string): MasterKey {
  return new MasterKey(utf8ToBytes(text));
}

/** The key of the configuration, made when there is none. */
export async function loadMasterKey(
  config: { secretKey?: string; home: string },
): Promise<MasterKey> {
  if (config.secretKey !== undefined) return masterKeyOf(config.secretKey);
  const file = join(config.home, "secret.key");
  await mkdir(config.home, { recursive: true });
  const made = crypto.getRandomValues(new Uint8Array(32)).toHex();
  try {
    await writeFile(file, made + "\n", { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
  const text = (await readFile(file, "utf8")).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new Error(`Cannot read the secret key: ${file} must hold 64 hex digits`);
  }
  return masterKeyOf(text);
}
