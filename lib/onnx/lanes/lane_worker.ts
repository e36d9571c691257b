/**
 * A lane's thread: computes whenever it is asked to, until it is told to end.
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Dtype, TypedData } from "../graph/dtype.ts";
import type { InputSpec } from "../input_spec.ts";
import { loadRuntime } from "../runtime.ts";
import { GradientSession } from "./gradient_session.ts";
import {
  announce,
  endCommand,
  gradientCommand,
  type LaneMemory,
  type LaneReady,
  type LaneSetup,
  squaresCommand,
  waitForChange,
  Word,
} from "./lane_protocol.ts";
import { dataAt } from "../memory_address.ts";
import { UpdateKernel } from "./update_kernel.ts";

const setup: LaneSetup = workerData;
const { words, numbers, error: errorText } = setup.control;

// Held until this thread ends, whatever ends it.
const lifeline = Deno.openSync(setup.lifeline, { write: true });
lifeline.lockSync(true);

const ready = (message: LaneReady) => parentPort!.postMessage(message);
/** Data of the last epoch. */
const known: { address: bigint; data: TypedData }[] = [];
const dtypeOf = ({ dtype = "float32" }: InputSpec): Dtype => dtype;
let lane: GradientSession | null = null;
let kernel: UpdateKernel | null = null;
try {
  await loadRuntime();
  const { parameters, frozen, gradients, metrics } = setup.memory;
  const memory: LaneMemory = {
    parameters: parameters.map(dataAt),
    frozen: frozen.map(dataAt),
    gradients: gradients.map(dataAt),
    metrics: metrics.map(dataAt),
  };
  kernel = new UpdateKernel(setup.update, setup.updateMemory, setup.lane);
  lane = new GradientSession(setup.program, memory, setup.session);
} catch (error) {
  ready({ error: (error as Error).message });
}
if (lane && kernel) {
  ready({});
  const last = serve(lane, kernel);
  lane.dispose();
  announce(words, Word.answered, last);
}

/** Answers until the request to end, whose number it returns. */
function serve(lane: GradientSession, kernel: UpdateKernel): number {
  let epoch = 0;
  for (let request = 0;;) {
    waitForChange(words, Word.asked, request);
    request = Atomics.load(words, Word.asked);
    const command = Atomics.load(words, Word.command);
    if (command === endCommand) return request;
    const set = Atomics.load(words, Word.set);
    try {
      if (command === gradientCommand) {
        if (Atomics.load(words, Word.epoch) !== epoch) readData(lane);
        epoch = Atomics.load(words, Word.epoch);
        lane.run(Atomics.load(words, Word.from), set);
      } else if (command === squaresCommand) numbers[0] = kernel.squares();
      else kernel.update(set, numbers);
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
  const types: Dtype[] = ["int32", ...Object.values(setup.program.specs).map(dtypeOf)];
  const [indices, ...inputs] = types.map((dtype, i) => {
    const address = data[2 * i], length = Number(data[2 * i + 1]);
    // What lies where it lay needs no new tensor.
    if (known[i]?.address !== address || known[i].data.length !== length) {
      known[i] = { address, data: dataAt({ dtype, address, length }) };
    }
    return known[i].data;
  });
  lane.from(indices as Int32Array, inputs);
}
