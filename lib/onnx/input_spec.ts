/** Shape and type of a step's input; axis 0 is the batch unless it is shared. */
export interface InputSpec {
  shape: number[];
  dtype?: "float32" | "int32" | "bool";
  /** The same for all steps of an epoch: a coefficient, not a row of data. Default: rank 0. */
  shared?: boolean;
}

/** Whether an input is the same for all steps of an epoch. */
export const isShared = (s: InputSpec): boolean => s.shared ?? s.shape.length === 0;
