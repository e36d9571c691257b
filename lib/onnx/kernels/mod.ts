/**
 * Every tfjs kernel that has an ONNX translation, one named function each, by family.
 * @module
 */
import { binaryKernels } from "./binary.ts";
import { convKernels } from "./conv.ts";
import { gatherKernels } from "./gather.ts";
import type { KernelTable } from "./kernel.ts";
import { matmulKernels } from "./matmul.ts";
import { normalizeKernels } from "./normalize.ts";
import { poolKernels } from "./pool.ts";
import { reduceKernels } from "./reduce.ts";
import { shapeKernels } from "./shape.ts";
import { unaryKernels } from "./unary.ts";

/** Families of kernels, as the support table lists them. */
export const kernelFamilies = {
  "elementwise, two tensors": binaryKernels,
  "elementwise, one tensor": unaryKernels,
  "reductions": reduceKernels,
  "shape": shapeKernels,
  "gather, scatter, sort, sample": gatherKernels,
  "matrix products": matmulKernels,
  "convolution": convKernels,
  "pooling and resizing": poolKernels,
  "normalisation": normalizeKernels,
} satisfies Record<string, KernelTable>;

/** All mapped kernels. */
export const kernels: KernelTable = Object.assign({}, ...Object.values(kernelFamilies));
