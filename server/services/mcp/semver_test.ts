import assert from "node:assert/strict";
import { parseSemver } from "./semver.ts";

/** From the lowest to the highest, the order of semver.org's own example among them. */
const ranked = [
  "0.0.1",
  "1.0.0-1",
  "1.0.0-2",
  "1.0.0-10",
  "1.0.0-Alpha",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-alpha-1",
  "1.0.0-alpha1",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.10",
  "1.2.0",
  "10.0.0",
];

Deno.test("versions sort by their parts and keys as semantic versioning ranks them", () => {
  const key = (version: string) => {
    const { major, minor, patch, prereleaseKey } = parseSemver(version, "version");
    return [major, minor, patch].map((n) => String(n).padStart(10, "0")).join("") + prereleaseKey;
  };
  const keys = ranked.map(key);
  assert.deepEqual(keys.toSorted(), keys);
  assert.equal(key("1.0.0+build.5"), key("1.0.0"));
});

Deno.test("what is no semantic version is refused by name", () => {
  for (const bad of ["", "1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "v1.2.3", "1.2.3+", "١.2.3"]) {
    assert.throws(
      () => parseSemver(bad, "server_json.version"),
      /for server_json\.version: '/,
      bad,
    );
  }
  assert.throws(() => parseSemver("2147483648.0.0", "v"), /major must be <= 2147483647/);
  assert.throws(() => parseSemver(`1.0.0-${"a".repeat(128)}`, "v"), /maximum length is 128/);
});
