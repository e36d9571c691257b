/**
 * The worker's side of worker.ts.
 * @module
 */
import { type LoadedModel, loadOnnx } from "./load.ts";
import { loadRuntime } from "./runtime.ts";
import { type StepProgram, StepRunner } from "./step_runner.ts";
import type { Reply, Request } from "./worker.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<{ id: number; request: Request }>) => void;
  postMessage(reply: Reply): void;
};

let model: LoadedModel | null = null;
let runner: StepRunner | null = null;
let program: StepProgram | null = null;
/** Programs of smaller last batches, kept so that their sessions are. */
const rests = new Map<number, StepProgram>();

async function answer(request: Request): Promise<unknown> {
  switch (request.kind) {
    case "load":
      model = await loadOnnx(request.bytes, request.options);
      return { inputs: model.inputs, outputs: model.outputs };
    case "run":
      return model!.runSync(request.feeds);
    case "start":
      await loadRuntime();
      program = request.program;
      runner = new StepRunner(program, request.options);
      runner.setFrozen(request.frozen);
      return runner.restore(request.state);
    case "step":
      return runner!.step(program!, request.feeds, request.options);
    case "epoch": {
      const { rest } = request;
      if (rest && !rests.has(rest.batchSize)) rests.set(rest.batchSize, rest);
      return runner!.epoch(
        program!,
        request.data,
        request.indices,
        request.options,
        (n) => rests.get(n)!,
      );
    }
    case "state":
      return runner!.state();
    case "restore":
      return runner!.restore(request.state);
  }
}

// One request at a time, in the order of their coming.
let queue: Promise<void> = Promise.resolve();
scope.onmessage = ({ data: { id, request } }) => {
  queue = queue.then(async () => {
    try {
      scope.postMessage({ id, value: await answer(request) });
    } catch (error) {
      const { message, name } = error as Error;
      scope.postMessage({ id, error: message, name });
    }
  });
};
