/**
 * Brute force: every combination that a define-by-run objective can ask for, once. The space need
 * not be known: it is learnt as a tree from what earlier trials asked for.
 * @module
 */
import { cardinality, type Distribution, toInternal } from "../distributions.ts";
import type { FrozenTrial } from "../trial_record.ts";
import type { Sampler, StudyView } from "./sampler.ts";

interface Node {
  /** The parameter asked for here; null when unknown yet (a running trial stopped here) or at a leaf. */
  name: string | null;
  children: Map<number, Node>;
  isLeaf: boolean;
  size: number;
}

const newNode = (): Node => ({ name: null, children: new Map(), isLeaf: false, size: 0 });

function grow(root: Node, trial: FrozenTrial): void {
  let node = root;
  for (const name of Object.keys(trial.distributions)) {
    const distribution = trial.distributions[name];
    node.name = name;
    node.size = cardinality(distribution);
    const internal = toInternal(distribution, trial.params[name]);
    let child = node.children.get(internal);
    if (!child) node.children.set(internal, child = newNode());
    node = child;
  }
  // A running trial holds its branch, so that others go elsewhere.
  node.isLeaf = true;
}

function isDone(node: Node): boolean {
  if (node.name === null) return node.isLeaf;
  if (node.children.size < node.size) return false;
  for (const child of node.children.values()) if (!isDone(child)) return false;
  return true;
}

function treeOf(study: StudyView, self: number): Node {
  const root = newNode();
  for (const trial of study.trials) {
    if (trial && trial.number !== self && trial.state !== "waiting") grow(root, trial);
  }
  return root;
}

/** @throws {RangeError} When asked for a continuous range. */
export function bruteForceSampler(): Sampler {
  return {
    kind: "bruteForce",
    independent(study, trial, name, distribution: Distribution, rng) {
      const size = cardinality(distribution);
      if (!Number.isFinite(size)) {
        throw new RangeError(
          `Cannot suggest "${name}": brute force needs a step or choices, got a continuous range`,
        );
      }
      let node: Node | undefined = treeOf(study, trial.number);
      for (const earlier of Object.keys(trial.distributions)) {
        node = node?.children.get(toInternal(trial.distributions[earlier], trial.params[earlier]));
      }
      const open: number[] = [];
      for (let i = 0; i < size; i++) {
        const value = distribution.kind === "categorical"
          ? i
          : Number((distribution.low + i * distribution.step!).toPrecision(15));
        const child = node?.children.get(value);
        if (!child || !isDone(child)) open.push(value);
      }
      if (open.length > 0) return open[rng.integer(open.length)];
      const i = rng.integer(size);
      return distribution.kind === "categorical" ? i : distribution.low + i * distribution.step!;
    },
    isExhausted(study) {
      const root = treeOf(study, -1);
      return root.name !== null && isDone(root);
    },
  };
}
