import type { Operation } from './operation.ts'
import { absOperation } from './ops/abs.ts'
import { addOperation } from './ops/add.ts'
import { argmaxOperation } from './ops/argmax.ts'
import { averagePool1dOperation } from './ops/averagePool1d.ts'
import { batchNormOperation } from './ops/batchNorm.ts'
import { castOperation } from './ops/cast.ts'
import { concatOperation } from './ops/concat.ts'
import { conv1dOperation } from './ops/conv1d.ts'
import { cumulativeSumOperation } from './ops/cumulativeSum.ts'
import { deinterleaveOperation } from './ops/deinterleave.ts'
import { divOperation } from './ops/div.ts'
import { dropoutMaskOperation } from './ops/dropoutMask.ts'
import { equalOperation } from './ops/equal.ts'
import { erfOperation } from './ops/erf.ts'
import { expOperation } from './ops/exp.ts'
import { expandOperation } from './ops/expand.ts'
import { gatherOperation } from './ops/gather.ts'
import { geluOperation } from './ops/gelu.ts'
import { gemmOperation } from './ops/gemm.ts'
import { greaterOperation } from './ops/greater.ts'
import { greaterOrEqualOperation } from './ops/greaterOrEqual.ts'
import { interleaveOperation } from './ops/interleave.ts'
import { layerNormOperation } from './ops/layerNorm.ts'
import { lessOperation } from './ops/less.ts'
import { lessOrEqualOperation } from './ops/lessOrEqual.ts'
import { logOperation } from './ops/log.ts'
import { logicalAndOperation } from './ops/logicalAnd.ts'
import { logicalNotOperation } from './ops/logicalNot.ts'
import { logicalOrOperation } from './ops/logicalOr.ts'
import { logSoftmaxOperation } from './ops/logSoftmax.ts'
import { matmulOperation } from './ops/matmul.ts'
import { maximumOperation } from './ops/maximum.ts'
import { maxPool1dOperation } from './ops/maxPool1d.ts'
import { minimumOperation } from './ops/minimum.ts'
import { mulOperation } from './ops/mul.ts'
import { negOperation } from './ops/neg.ts'
import { oneHotOperation } from './ops/oneHot.ts'
import { padOperation } from './ops/pad.ts'
import { pickRowsOperation } from './ops/pickRows.ts'
import { powOperation } from './ops/pow.ts'
import { reduceMaxOperation } from './ops/reduceMax.ts'
import { reduceMeanOperation } from './ops/reduceMean.ts'
import { reduceSumOperation } from './ops/reduceSum.ts'
import { relativeShiftOperation } from './ops/relativeShift.ts'
import { reluOperation } from './ops/relu.ts'
import { repeatOperation } from './ops/repeat.ts'
import { reshapeOperation } from './ops/reshape.ts'
import { scatterRowsOperation } from './ops/scatterRows.ts'
import { sigmoidOperation } from './ops/sigmoid.ts'
import { signOperation } from './ops/sign.ts'
import { sliceOperation } from './ops/slice.ts'
import { softmaxOperation } from './ops/softmax.ts'
import { softplusOperation } from './ops/softplus.ts'
import { sqrtOperation } from './ops/sqrt.ts'
import { stopGradientOperation } from './ops/stopGradient.ts'
import { subOperation } from './ops/sub.ts'
import { sumRowsOperation } from './ops/sumRows.ts'
import { takeAlongOperation } from './ops/takeAlong.ts'
import { tanhOperation } from './ops/tanh.ts'
import { transposeOperation } from './ops/transpose.ts'
import { whereOperation } from './ops/where.ts'

/** Every operation by its name: its shape rule, nodes, gradient, locality and plain loops. */
export const operations = {
  abs: absOperation,
  add: addOperation,
  argmax: argmaxOperation,
  averagePool1d: averagePool1dOperation,
  batchNorm: batchNormOperation,
  cast: castOperation,
  concat: concatOperation,
  conv1d: conv1dOperation,
  cumulativeSum: cumulativeSumOperation,
  deinterleave: deinterleaveOperation,
  div: divOperation,
  dropoutMask: dropoutMaskOperation,
  equal: equalOperation,
  erf: erfOperation,
  exp: expOperation,
  expand: expandOperation,
  gather: gatherOperation,
  gelu: geluOperation,
  gemm: gemmOperation,
  greater: greaterOperation,
  greaterOrEqual: greaterOrEqualOperation,
  interleave: interleaveOperation,
  layerNorm: layerNormOperation,
  less: lessOperation,
  lessOrEqual: lessOrEqualOperation,
  log: logOperation,
  logSoftmax: logSoftmaxOperation,
  logicalAnd: logicalAndOperation,
  logicalNot: logicalNotOperation,
  logicalOr: logicalOrOperation,
  matmul: matmulOperation,
  maxPool1d: maxPool1dOperation,
  maximum: maximumOperation,
  minimum: minimumOperation,
  mul: mulOperation,
  neg: negOperation,
  oneHot: oneHotOperation,
  pad: padOperation,
  pickRows: pickRowsOperation,
  pow: powOperation,
  reduceMax: reduceMaxOperation,
  reduceMean: reduceMeanOperation,
  reduceSum: reduceSumOperation,
  relativeShift: relativeShiftOperation,
  relu: reluOperation,
  repeat: repeatOperation,
  reshape: reshapeOperation,
  scatterRows: scatterRowsOperation,
  sigmoid: sigmoidOperation,
  sign: signOperation,
  slice: sliceOperation,
  softmax: softmaxOperation,
  softplus: softplusOperation,
  sqrt: sqrtOperation,
  stopGradient: stopGradientOperation,
  sub: subOperation,
  sumRows: sumRowsOperation,
  takeAlong: takeAlongOperation,
  tanh: tanhOperation,
  transpose: transposeOperation,
  where: whereOperation,
} as const satisfies Readonly<Record<string, Operation>>
