/**
 * A lane's thread: computes whenever it is asked to, until it is told to end.
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { loadRuntime } from "../runtime.ts";
import { GradientSession } from "./gradient_session.ts";
import {
  announce,
  endCommand,
  type LaneMemory,
  type LaneReady,
  type LaneSetup,
  waitForChange,
  Word,
} from "./lane_protocol.ts";
import { dataAt } from "./memory_address.ts";

const setup: LaneSetup = workerData;
const { words, error: errorText } = setup.control;

// Held until this thread ends, whatever ends it.
const lifeline = Deno.openSync(setup.lifeline, { write: true });
lifeline.lockSync(true);

const ready = (message: LaneReady) => parentPort!.postMessage(message);
let lane: GradientSession | null = null;
try {
  await loadRuntime();
  const { parameters, frozen, gradient, metrics } = setup.memory;
  const memory: LaneMemory = {
    parameters: parameters.map(dataAt),
    frozen: frozen.map(dataAt),
    gradient: dataAt(gradient),
    metrics: metrics.map(dataAt),
  };
  lane = new GradientSession(setup.program, memory, setup.session);
} catch (error) {
  ready({ error: (error as Error).message });
}
if (lane) {
  ready({});
  const last = serve(lane);
  lane.dispose();
  announce(words, Word.answered, last);
}

/** Answers until the request to end, whose number it returns. */
function serve(lane: GradientSession): number {
  let epoch = 0;
  for (let request = 0;;) {
    waitForChange(words, Word.asked, request);
    request = Atomics.load(words, Word.asked);
    if (Atomics.load(words, Word.command) === endCommand) return request;
    try {
      if (Atomics.load(words, Word.epoch) !== epoch) readData(lane);
      epoch = Atomics.load(words, Word.epoch);
      lane.run(Atomics.load(words, Word.from), Atomics.load(words, Word.parameters));
    } catch (error) {
      const text = new TextEncoder().encode((error as Error).message || String(error));
      errorText.set(text.subarray(0, errorText.length));
      Atomics.store(words, Word.errorLength, Math.min(text.length, errorText.length));
    }
    announce(words, Word.answered, request);
  }
}

function readData(lane: GradientSession): void {
  const { data } = setup.control;
  const at = (i: number) => ({ address: data[2 * i], length: Number(data[2 * i + 1]) });
  const indices = dataAt({ dtype: "int32", ...at(0) }) as Int32Array;
  const inputs = Object.values(setup.program.specs)
    .map(({ dtype = "float32" }, i) => dataAt({ dtype, ...at(1 + i) }));
  lane.from(indices, inputs);
}
