import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { peerPython } from "../../tests/support/components.ts";
import { WandbOfflineWriter } from "./wandb_offline.ts";

/** Settings too long for one block of the log. */
const notes = "n".repeat(70_000);

function writeRun(directory: string): string {
  let now = 1_700_000_000_500;
  const writer = new WandbOfflineWriter(directory, {
    project: "trend",
    name: "gru 24",
    config: { units: 32, notes },
    runId: "abcd1234",
    clock: () => now,
  });
  for (let epoch = 0; epoch < 3; epoch++) {
    now += 1000;
    writer.scalars({ loss: 1 / (epoch + 1), rank_ic: epoch === 2 ? NaN : 0.25 }, epoch);
  }
  writer.close();
  return writer.path;
}

function withRun(body: (path: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = Deno.makeTempDirSync();
    try {
      await body(writeRun(directory));
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

Deno.test(
  "WandbOfflineWriter writes a log of checked records, long ones over several blocks",
  withRun((path) => {
    assert.match(path, /\/offline-run-20231114_221320-abcd1234$/);
    const bytes = Deno.readFileSync(`${path}/run-abcd1234.wandb`);
    assert.deepEqual([...bytes.subarray(0, 7)], [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0]);
    const view = new DataView(bytes.buffer);
    const kinds: number[] = [];
    for (let at = 7; at < bytes.length;) {
      const room = 32768 - at % 32768;
      if (room < 7) {
        at += room;
        continue;
      }
      const length = view.getUint16(at + 4, true);
      assert.ok(7 + length <= room, "a piece lies within its block");
      assert.equal(view.getUint32(at, true), crc32(bytes.subarray(at + 6, at + 7 + length)));
      kinds.push(bytes[at + 6]);
      at += 7 + length;
    }
    // Header; the run, over three blocks; summary and history of three epochs; the end.
    assert.deepEqual(kinds, [1, 2, 3, 4, 1, 1, 1, 1, 1, 1, 1]);
  }),
);

Deno.test("WandbOfflineWriter refuses an id that is no file's name", () => {
  assert.throws(
    () => new WandbOfflineWriter("/nowhere", { project: "p", runId: "../x" }),
    /runId must be up to 64 letters, digits, "_" and "-", got \.\.\/x/,
  );
});

const python = peerPython("wandb");
Deno.test({
  name: "Weights & Biases' own messages are read from the log",
  ignore: python === null,
  fn: withRun(async (path) => {
    const script = `
import json, struct, sys
from wandb.proto import wandb_internal_pb2 as pb
data = open(sys.argv[1], "rb").read()
at, part, records = 7, b"", []
while at < len(data):
    room = 32768 - at % 32768
    if room < 7:
        at += room
        continue
    size, kind = struct.unpack("<HB", data[at + 4 : at + 7])
    part += data[at + 7 : at + 7 + size]
    at += 7 + size
    if kind in (1, 4):
        record = pb.Record()
        record.ParseFromString(part)
        records.append(record)
        part = b""
items = lambda list: {i.nested_key[0]: json.loads(i.value_json) for i in list}
run = records[1].run
print(json.dumps({
    "kinds": [r.WhichOneof("record_type") for r in records],
    "nums": [r.num for r in records],
    "run": [run.run_id, run.project, run.display_name, run.start_time.ToMilliseconds()],
    "config": {c.key: json.loads(c.value_json) for c in run.config.update},
    "history": [[r.history.step.num, items(r.history.item)] for r in records if r.HasField("history")],
    "summary": items(records[-3].summary.update),
    "exit": [records[-1].exit.exit_code, records[-1].exit.runtime],
}))
`;
    const { success, stdout, stderr } = await new Deno.Command(python!, {
      args: ["-c", script, `${path}/run-abcd1234.wandb`],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const read = JSON.parse(new TextDecoder().decode(stdout));
    const steps = ["summary", "history"];
    assert.deepEqual(read.kinds, ["header", "run", ...steps, ...steps, ...steps, "exit"]);
    assert.deepEqual(read.nums, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(read.run, ["abcd1234", "trend", "gru 24", 1_700_000_000_500]);
    assert.deepEqual(read.config, { units: 32, notes });
    const times = (k: number) => ({
      _step: k,
      _runtime: k + 1,
      _timestamp: 1_700_000_001.5 + k,
    });
    assert.deepEqual(read.history, [
      [0, { loss: 1, rank_ic: 0.25, ...times(0) }],
      [1, { loss: 0.5, rank_ic: 0.25, ...times(1) }],
      [2, { loss: 1 / 3, rank_ic: "NaN", ...times(2) }],
    ]);
    assert.deepEqual(read.summary, { loss: 1 / 3, rank_ic: "NaN", ...times(2) });
    assert.deepEqual(read.exit, [0, 3]);
  }),
});

Deno.test({
  name: "wandb sync uploads the run's history, summary and end",
  ignore: python === null,
  fn: withRun(async (path) => {
    const streams: string[] = [];
    let config = "";
    // As much of a server as one upload asks for.
    const answer = async (request: Request): Promise<unknown> => {
      const zipped = request.headers.get("content-encoding") === "gzip";
      const body = zipped
        ? request.body!.pipeThrough(new DecompressionStream("gzip"))
        : request.body;
      const text = await new Response(body).text();
      if (request.url.endsWith("/file_stream")) streams.push(text);
      if (!request.url.endsWith("/graphql")) return {};
      const { query, variables } = JSON.parse(text);
      if (query.includes("upsertBucket")) {
        config = variables.config ?? config;
        const project = { id: "p", name: "trend", entity: { id: "e", name: "me" } };
        const bucket = { id: "b", name: "abcd1234", displayName: "gru 24", config: "{}", project };
        return { data: { upsertBucket: { bucket, inserted: true } } };
      }
      if (query.includes("createRunFiles")) {
        const files = variables.files.map((name: string) => ({
          name,
          uploadUrl: `${url}/${name}`,
        }));
        return { data: { createRunFiles: { runID: "b", uploadHeaders: [], files } } };
      }
      const viewer = { id: "v", entity: "me", username: "me", flags: "{}", teams: { edges: [] } };
      return { data: { viewer, serverInfo: { features: [] } } };
    };
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => Response.json(await answer(request)),
    );
    const url = `http://127.0.0.1:${server.addr.port}`;
    try {
      const { success, stderr } = await new Deno.Command(python!, {
        args: ["-m", "wandb", "sync", "--yes", path],
        // It makes a folder of its own where it runs.
        cwd: path,
        env: { WANDB_BASE_URL: url, WANDB_API_KEY: "0".repeat(40), HOME: path },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    } finally {
      await server.shutdown();
    }
    const last = JSON.parse(streams.at(-1)!);
    assert.deepEqual([last.complete, last.exitcode], [true, 0]);
    const lines = streams.flatMap((s) =>
      JSON.parse(s).files?.["wandb-history.jsonl"]?.content ?? []
    );
    assert.deepEqual(
      lines.map((line: string) => JSON.parse(line)),
      [0, 1, 2].map((k) => ({
        loss: 1 / (k + 1),
        rank_ic: k === 2 ? "NaN" : 0.25,
        _step: k,
        _runtime: k + 1,
        _timestamp: 1_700_000_001.5 + k,
      })),
    );
    assert.equal(JSON.parse(config).units.value, 32);
  }),
});
