/**
 * Typed functions that emit ONNX operators into a graph, inferring shapes and folding what is known.
 * @module
 */
export * from "./elementwise.ts";
export * from "./fused_matmul.ts";
export * from "./gather.ts";
export * from "./matmul.ts";
export * from "./reduce.ts";
export * from "./shape.ts";
