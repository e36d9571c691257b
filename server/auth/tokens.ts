/**
 * Signed tokens (JWT, HS256): who, with which scopes, until when. Sessions of browsers and tokens of
 * programs are the same thing with another life.
 * @module
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { type Scope, scopes as allScopes } from "../../lib/contracts/people/mod.ts";

const issuer = "tapebook";

export interface TokenClaims {
  id: string;
  user: string;
  scopes: Scope[];
  kind: "session" | "token";
  /** ms since 1970. */
  expiresAt: number;
}

export function signToken(claims: TokenClaims, key: Uint8Array, now: number): Promise<string> {
  return new SignJWT({ scopes: claims.scopes.join(" "), kind: claims.kind })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(issuer)
    .setSubject(claims.user)
    .setJti(claims.id)
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.floor(claims.expiresAt / 1000))
    .sign(key);
}

/** Why a token was not taken, or its claims. */
export async function readToken(
  token: string,
  key: Uint8Array,
  now: number,
): Promise<TokenClaims | "expired" | "invalid"> {
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer,
      algorithms: ["HS256"],
      currentDate: new Date(now),
      requiredClaims: ["sub", "jti", "exp"],
    });
    const given = String(payload.scopes ?? "").split(" ");
    return {
      id: payload.jti!,
      user: payload.sub!,
      scopes: allScopes.filter((s) => given.includes(s)),
      kind: payload.kind === "session" ? "session" : "token",
      expiresAt: payload.exp! * 1000,
    };
  } catch (error) {
    return error instanceof errors.JWTExpired ? "expired" : "invalid";
  }
}
