/**
 * A lane's thread: computes whenever it is asked to, until it is told to end.
 * @module
 */
import { loadRuntime } from "../runtime.ts";
import { copyAll, GradientSession } from "./gradient_session.ts";
import {
  announce,
  endCommand,
  type LaneMemory,
  type LaneReady,
  type LaneSetup,
  waitForChange,
  Word,
} from "./lane_protocol.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<LaneSetup>) => void;
  postMessage(ready: LaneReady): void;
  close(): void;
};

scope.onmessage = async ({ data: { program, memory, session } }) => {
  let lane: GradientSession;
  try {
    await loadRuntime();
    lane = new GradientSession(program, session);
  } catch (error) {
    scope.postMessage({ error: (error as Error).message });
    return scope.close();
  }
  scope.postMessage({});
  const last = serve(lane, memory);
  lane.dispose();
  announce(memory.control, Word.answered, last);
  scope.close();
};

/** Answers until the request to end, whose number it returns. */
function serve(lane: GradientSession, memory: LaneMemory): number {
  const { control } = memory;
  let frozenVersion = 0;
  for (let request = 0;;) {
    waitForChange(control, Word.asked, request);
    request = Atomics.load(control, Word.asked);
    const command = Atomics.load(control, Word.command);
    if (command === endCommand) return request;
    try {
      const version = Atomics.load(control, Word.frozenVersion);
      if (version !== frozenVersion) copyAll(memory.frozen, lane.frozen);
      frozenVersion = version;
      copyAll(memory.rows[command], lane.inputs);
      lane.parameters.set(memory.parameters);
      lane.run();
      memory.gradient.set(lane.gradient);
      memory.metrics.set(lane.metrics);
    } catch (error) {
      const text = new TextEncoder().encode((error as Error).message || String(error));
      memory.error.set(text.subarray(0, memory.error.length));
      Atomics.store(control, Word.errorLength, Math.min(text.length, memory.error.length));
    }
    announce(control, Word.answered, request);
  }
}
