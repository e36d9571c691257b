/**
 * Password hashes: scrypt (RFC 7914), N = 2^15, r = 8, p = 3, 32 MiB a hash, one of the settings
 * that OWASP names. Computed off the main thread.
 *
 * Format: `scrypt$15$8$3$<salt>$<hash>`, base64.
 * @module
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

interface Cost {
  logN: number;
  r: number;
  p: number;
}

const cost: Cost = { logN: 15, r: 8, p: 3 };

function derive(password: string, salt: Uint8Array, { logN, r, p }: Cost): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    scrypt(
      password.normalize("NFKC"),
      salt,
      32,
      { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r },
      (error, key) => error ? reject(error) : resolve(new Uint8Array(key)),
    )
  );
}

export async function hashPassword(password: string): Promise<string> {
  const salt = new Uint8Array(randomBytes(16));
  const hash = await derive(password, salt, cost);
  return ["scrypt", cost.logN, cost.r, cost.p, salt.toBase64(), hash.toBase64()].join("$");
}

/** A hash that no password has: what an unknown user's password is held against. */
const nobody = `scrypt$${cost.logN}$${cost.r}$${cost.p}$${new Uint8Array(16).toBase64()}$${
  new Uint8Array(32).toBase64()
}`;

/**
 * Whether the password has this hash. With `null` (no such user) it takes as long and says no, so
 * that the time of an answer does not tell which names exist.
 */
export async function checkPassword(password: string, stored: string | null): Promise<boolean> {
  const [, logN, r, p, salt, hash] = (stored ?? nobody).split("$");
  const wanted = Uint8Array.fromBase64(hash);
  const got = await derive(password, Uint8Array.fromBase64(salt), {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(got, wanted) && stored !== null;
}
