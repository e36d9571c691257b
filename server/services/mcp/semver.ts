/** Semantic versions, and keys by which a database sorts them. @module */
import type { SemanticVersion } from "../../db/mcp_versions.ts";
import { invalid } from "../../errors.ts";
import { pythonRepr } from "../validation.ts";

const number = "0|[1-9][0-9]*";
const identifier = `(?:${number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const pattern = new RegExp(
  `^(${number})\\.(${number})\\.(${number})(?:-(${identifier}(?:\\.${identifier})*))?` +
    "(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$",
);
const most = { length: 128, part: 2_147_483_647 };

/**
 * A key whose order as text is the precedence of pre-releases: numbers by their value and below
 * words, words by their characters, a longer list above its own beginning.
 */
function prereleaseKey(prerelease: string | undefined): string {
  if (prerelease === undefined) return "2";
  return prerelease.split(".").map((part) =>
    /^[0-9]+$/.test(part)
      ? `0${String(part.length).padStart(3, "0")}${part}`
      : `1${Array.from(part, (c) => String(c.charCodeAt(0)).padStart(3, "0")).join("")}000`
  ).join("");
}

/**
 * The parts of a version such as `1.2.0-beta.1`; build metadata does not rank.
 *
 * @throws {ApiError} When it is none; `field` says where it stood.
 * @see https://semver.org/spec/v2.0.0.html
 */
export function parseSemver(version: string, field: string): SemanticVersion {
  const words = `Invalid semantic version for ${field}: ${pythonRepr(version)}`;
  if (version.length > most.length) {
    throw invalid(`${words} (maximum length is ${most.length} characters)`);
  }
  const match = pattern.exec(version);
  if (!match) throw invalid(words);
  const [major, minor, patch] = match.slice(1, 4).map(Number);
  for (const [name, value] of Object.entries({ major, minor, patch })) {
    if (value > most.part) throw invalid(`${words} (${name} must be <= ${most.part})`);
  }
  return { major, minor, patch, prereleaseKey: prereleaseKey(match[4]) };
}
