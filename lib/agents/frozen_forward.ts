/**
 * A network's answer with its present weights as constants of the graph: half the time per call of
 * the form that is handed its weights each time, for a millisecond or two of making it.
 * @module
 */
import type { ActorCritic } from "./actor_critic.ts";

/** Answers a fixed number of rows until a weight changes. */
export interface FrozenForward {
  readonly rows: number;
  /** Whether the weights are still those that it was made of. */
  isCurrent(): boolean;
  run(observations: Float32Array, state?: Float32Array): {
    outputs: Float32Array;
    values: Float32Array;
    next?: Float32Array;
  };
  dispose(): void;
}

/** Makes the form for `rows` rows. */
export async function freezeForward(network: ActorCritic, rows: number): Promise<FrozenForward> {
  const { exportFunction } = await import("../onnx/mod.ts");
  const { createSession, ortTensor } = await import("../onnx/runtime.ts");
  const { observationSize } = network.config;
  const { stateSize, statistics } = network;
  const specs = [{ name: "observation", shape: [rows, observationSize] }];
  if (stateSize > 0) specs.push({ name: "before", shape: [rows, stateSize] });
  const bytes = exportFunction(
    (observation, before) => ({ ...network.apply(observation, before) }),
    specs,
    { dynamicBatch: false, batchSize: rows },
  );
  const session = await createSession(bytes);
  const variables = [
    ...network.variables,
    ...statistics ? [statistics.mean, statistics.deviation] : [],
  ];
  // A variable that is assigned gets data of another identity.
  const made = variables.map((v) => v.dataId);
  const observation = new Float32Array(rows * observationSize);
  const before = new Float32Array(rows * stateSize);
  const feeds = {
    observation: ortTensor(observation, "float32", [rows, observationSize]),
    ...stateSize > 0 ? { before: ortTensor(before, "float32", [rows, stateSize]) } : {},
  };
  return {
    rows,
    isCurrent() {
      for (let i = 0; i < made.length; i++) if (variables[i].dataId !== made[i]) return false;
      return true;
    },
    run(observations, state) {
      observation.set(observations);
      if (state) before.set(state);
      const out = session.run(feeds);
      return {
        outputs: out.outputs.data as Float32Array,
        values: out.values.data as Float32Array,
        next: out.state?.data as Float32Array | undefined,
      };
    },
    dispose: () => session.dispose(),
  };
}
