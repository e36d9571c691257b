/** Convolutions and their gradients, as products with windows (see _windows.ts). @module */
import * as tf from "@tensorflow/tfjs";
import { add, gemm, mul, reduce, reshape, transpose } from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import type { Graph, Value } from "../graph/graph.ts";
import {
  flattenSpace,
  gatherRows,
  touchingIndices,
  windowIndices,
  type WindowLayout,
} from "./_windows.ts";
import type { Kernel, KernelCall, KernelTable } from "./kernel.ts";
import { applyActivation } from "./matmul.ts";

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

function layout2d(
  call: KernelCall,
  xShape: readonly number[],
  filterShape: readonly number[],
  depthwise: boolean,
): WindowLayout {
  const { attrs } = call;
  if (attrs.dataFormat === "NCHW") call.refuse('dataFormat must be "NHWC", got "NCHW"');
  const info = tf.backend_util.computeConv2DInfo(
    xShape as Shape4,
    filterShape as Shape4,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
    "channelsLast",
  );
  return {
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    window: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

function layout3d(
  call: KernelCall,
  xShape: readonly number[],
  filterShape: readonly number[],
): WindowLayout {
  const { attrs } = call;
  if (attrs.dataFormat === "NCDHW") call.refuse('dataFormat must be "NDHWC", got "NCDHW"');
  const info = tf.backend_util.computeConv3DInfo(
    xShape as Shape5,
    filterShape as Shape5,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
  );
  return {
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    window: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/** Windows of x as a matrix: [batch * windows, taps * channels]. */
function columns(g: Graph, x: Value, l: WindowLayout): Value {
  const taps = sizeOf(l.window);
  const channels = x.shape[x.shape.length - 1];
  const w = gatherRows(g, flattenSpace(g, x), windowIndices(l), taps);
  return reshape(g, w, [x.shape[0] * sizeOf(l.output), taps * channels]);
}

function convolve(g: Graph, x: Value, filter: Value, l: WindowLayout, bias?: Value): Value {
  const outputs = filter.shape[filter.shape.length - 1];
  const matrix = reshape(g, filter, [sizeOf(filter.shape) / outputs, outputs]);
  const flatBias = bias && sizeOf(bias.shape) === outputs ? reshape(g, bias, [outputs]) : null;
  const y = gemm(g, columns(g, x, l), matrix, flatBias);
  const shaped = reshape(g, y, [x.shape[0], ...l.output, outputs]);
  return bias && !flatBias ? add(g, shaped, bias) : shaped;
}

/** Filter gradient: windows of the input, transposed, times dy. */
function filterGradient(
  g: Graph,
  x: Value,
  dy: Value,
  l: WindowLayout,
  filterShape: readonly number[],
): Value {
  const outputs = dy.shape[dy.shape.length - 1];
  const d = reshape(g, dy, [sizeOf(dy.shape) / outputs, outputs]);
  return reshape(g, gemm(g, columns(g, x, l), d, null, { transA: true }), filterShape);
}

/** Input gradient: windows of dy that touch each position, times the filter with in and out swapped. */
function inputGradient(
  g: Graph,
  dy: Value,
  filter: Value,
  l: WindowLayout,
  inputShape: readonly number[],
): Value {
  const taps = sizeOf(l.window);
  const [channels, outputs] = filter.shape.slice(-2);
  const touching = gatherRows(g, flattenSpace(g, dy), touchingIndices(l), taps);
  const rows = reshape(g, touching, [inputShape[0] * sizeOf(l.input), taps * outputs]);
  const swapped = transpose(g, reshape(g, filter, [taps, channels, outputs]), [0, 2, 1]);
  return reshape(g, gemm(g, rows, reshape(g, swapped, [taps * outputs, channels])), inputShape);
}

const conv2d: Kernel = (call) => {
  const { g, in: { x, filter } } = call;
  return convolve(g, x, filter, layout2d(call, x.shape, filter.shape, false));
};

const fusedConv2d: Kernel = (call) => {
  const { g, in: { x, filter, bias } } = call;
  const l = layout2d(call, x.shape, filter.shape, false);
  return applyActivation(call, convolve(g, x, filter, l, bias));
};

const conv2dBackpropFilter: Kernel = (call) => {
  const { g, in: { x, dy }, attrs } = call;
  return filterGradient(
    g,
    x,
    dy,
    layout2d(call, x.shape, attrs.filterShape, false),
    attrs.filterShape,
  );
};

const conv2dBackpropInput: Kernel = (call) => {
  const { g, in: { dy, filter }, attrs } = call;
  const l = layout2d(call, attrs.inputShape, filter.shape, false);
  return inputGradient(g, dy, filter, l, attrs.inputShape);
};

const conv3d: Kernel = (call) => {
  const { g, in: { x, filter } } = call;
  return convolve(g, x, filter, layout3d(call, x.shape, filter.shape));
};

const conv3dBackpropFilter: Kernel = (call) => {
  const { g, in: { x, dy }, attrs } = call;
  return filterGradient(g, x, dy, layout3d(call, x.shape, attrs.filterShape), attrs.filterShape);
};

const conv3dBackpropInput: Kernel = (call) => {
  const { g, in: { dy, filter }, attrs } = call;
  const l = layout3d(call, attrs.inputShape, filter.shape);
  return inputGradient(g, dy, filter, l, attrs.inputShape);
};

/** Each channel by its own filters: windows times filter, summed over taps. */
function depthwise(call: KernelCall): Value {
  const { g, in: { x, filter } } = call;
  const l = layout2d(call, x.shape, filter.shape, true);
  const taps = sizeOf(l.window);
  const [channels, multiplier] = filter.shape.slice(-2);
  const w = gatherRows(g, flattenSpace(g, x), windowIndices(l), taps);
  const wide = reshape(g, w, [...w.shape, 1]);
  const product = mul(g, wide, reshape(g, filter, [taps, channels, multiplier]));
  const y = reduce(g, "ReduceSum", product, [2]);
  return reshape(g, y, [x.shape[0], ...l.output, channels * multiplier]);
}

const depthwiseConv2d: Kernel = depthwise;

const fusedDepthwiseConv2d: Kernel = (call) => {
  const y = depthwise(call);
  const { bias } = call.in;
  return applyActivation(call, bias ? add(call.g, y, bias) : y);
};

const depthwiseBackpropFilter: Kernel = (call) => {
  const { g, in: { x, dy }, attrs } = call;
  const l = layout2d(call, x.shape, attrs.filterShape, true);
  const taps = sizeOf(l.window);
  const [channels, multiplier] = attrs.filterShape.slice(-2);
  const w = gatherRows(g, flattenSpace(g, x), windowIndices(l), taps);
  const d = reshape(g, dy, [x.shape[0], sizeOf(l.output), 1, channels, multiplier]);
  const product = mul(g, reshape(g, w, [...w.shape, 1]), d);
  return reshape(g, reduce(g, "ReduceSum", product, [0, 1]), attrs.filterShape);
};

const depthwiseBackpropInput: Kernel = (call) => {
  const { g, in: { dy, filter }, attrs } = call;
  const l = layout2d(call, attrs.inputShape, filter.shape, true);
  const taps = sizeOf(l.window);
  const [channels, multiplier] = filter.shape.slice(-2);
  const touching = gatherRows(g, flattenSpace(g, dy), touchingIndices(l), taps);
  const positions = sizeOf(l.input);
  const d = reshape(g, touching, [dy.shape[0], positions, taps, channels, multiplier]);
  const product = mul(g, d, reshape(g, filter, [taps, channels, multiplier]));
  return reshape(g, reduce(g, "ReduceSum", product, [2, 4]), attrs.inputShape);
};

export const convKernels: KernelTable = {
  Conv2D: conv2d,
  Conv2DBackpropFilter: conv2dBackpropFilter,
  Conv2DBackpropInput: conv2dBackpropInput,
  Conv3D: conv3d,
  Conv3DBackpropFilterV2: conv3dBackpropFilter,
  Conv3DBackpropInputV2: conv3dBackpropInput,
  DepthwiseConv2dNative: depthwiseConv2d,
  DepthwiseConv2dNativeBackpropFilter: depthwiseBackpropFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseBackpropInput,
  FusedConv2D: fusedConv2d,
  FusedDepthwiseConv2D: fusedDepthwiseConv2d,
};
