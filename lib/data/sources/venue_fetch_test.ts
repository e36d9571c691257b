import assert from "node:assert/strict";
import { mockVenue, patientClock, venueFaults } from "./mock_venue.ts";
import { SourceError } from "./source_error.ts";
import { TokenBucket } from "./token_bucket.ts";
import { VenueFetch } from "./venue_fetch.ts";

const fails = (fault: string) => (error: unknown) =>
  error instanceof SourceError && error.fault === fault;

Deno.test("VenueFetch retries 429, 500 and truncated JSON with growing pauses, and heeds Retry-After", async () => {
  await using venue = mockVenue(() => Response.json({ ok: 1 }));
  const clock = patientClock();
  const client = new VenueFetch({ source: "test", backoffMs: 100, ...clock });
  venue.faults.push(venueFaults.broken, venueFaults.truncated, venueFaults.tooMany(30));
  const { status, json } = await client.request(venue.url);
  assert.deepEqual([status, json], [200, { ok: 1 }]);
  assert.deepEqual(clock.waits, [100, 200, 30_000]);
  assert.equal(venue.requests.length, 4);
});

Deno.test("VenueFetch takes Retry-After as a date of the venue's clock", async () => {
  await using venue = mockVenue(() => Response.json({}));
  const clock = patientClock(0); // our clock is decades behind
  const client = new VenueFetch({ source: "test", ...clock });
  const date = Date.UTC(2026, 0, 1);
  venue.faults.push(() =>
    new Response("", {
      status: 503,
      headers: {
        date: new Date(date).toUTCString(),
        "retry-after": new Date(date + 7000).toUTCString(),
      },
    })
  );
  await client.request(venue.url);
  assert.deepEqual(clock.waits, [7000]);
});

Deno.test("VenueFetch gives up with the fault's name", async () => {
  await using venue = mockVenue(() => new Response("", { status: 503 }));
  const client = new VenueFetch({ source: "test", retries: 2, ...patientClock() });
  await assert.rejects(client.request(venue.url + "/prices?key=x"), (error: unknown) => {
    assert.ok(error instanceof SourceError);
    assert.deepEqual([error.fault, error.details.status], ["unavailable", 503]);
    assert.match(error.message, /127\.0\.0\.1:\d+\/prices must answer, got status 503$/);
    return true;
  });
  assert.equal(venue.requests.length, 3);
  venue.faults.push(...[1, 2, 3].map(() => venueFaults.tooMany()));
  await assert.rejects(client.request(venue.url), fails("rate-limited"));
  venue.faults.push(venueFaults.tooMany(3600));
  await assert.rejects(client.request(venue.url), fails("rate-limited"), "an hour is too long");
  venue.faults.push(...[1, 2, 3].map(() => venueFaults.truncated));
  await assert.rejects(client.request(venue.url), fails("schema-changed"));
});

Deno.test("VenueFetch times out, stops when aborted, and reports an unreachable venue", async () => {
  const hold: (() => void)[] = [];
  await using venue = mockVenue(() =>
    new Promise((resolve) => hold.push(() => resolve(new Response("late"))))
  );
  const client = new VenueFetch({ source: "test", retries: 0, timeoutMs: 50, ...patientClock() });
  await assert.rejects(client.request(venue.url), fails("timeout"));
  const stop = new AbortController();
  const slow = new VenueFetch({ source: "test", retries: 0 });
  const request = slow.request(venue.url, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 20);
  await assert.rejects(request, /enough/);
  hold.forEach((release) => release());
  await assert.rejects(client.request("http://127.0.0.1:1/"), fails("unavailable"));
});

Deno.test("VenueFetch never shows a secret", async () => {
  const secret = "s3cret/key+1";
  const client = new VenueFetch({
    source: "test",
    retries: 0,
    secrets: [secret],
    fetch: () =>
      Promise.reject(new Error(`failed: ?apikey=${encodeURIComponent(secret)} ${secret}`)),
  });
  await assert.rejects(client.request(`http://venue/${secret}`), (error: unknown) => {
    assert.ok(!String((error as Error).message).includes(secret));
    assert.ok(!String((error as Error).message).includes(encodeURIComponent(secret)));
    return true;
  });
});

Deno.test("TokenBucket lets a burst through and then keeps the pace", async () => {
  const clock = patientClock(0);
  const bucket = new TokenBucket(5, 1000, clock.now, clock.sleep);
  for (let k = 0; k < 8; k++) await bucket.take();
  assert.deepEqual(clock.waits, [200, 200, 200]);
});
