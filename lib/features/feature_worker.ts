/** A thread that computes features on shared memory; see feature_workers.ts. */
import { type FeatureJob, workOn } from "./feature_job.ts";

declare const self: {
  onmessage: ((event: MessageEvent<FeatureJob>) => void) | null;
  postMessage(message: { error?: string }): void;
};

self.onmessage = ({ data }) => {
  try {
    workOn(data);
    self.postMessage({});
  } catch (error) {
    self.postMessage({ error: (error as Error).message });
  }
};
