/**
 * Sums and averages to a relative error of 1e-6 for positive numbers. The stock kernels add one number after the other in float32: 7.8 million positive
 * numbers are 7e-3 off, and the gradient norm of a GPT-2 is 2.5e-4 off.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { floats, free, type Info, reshaped } from "../TensorFlowFixes/wasm/Kernel.ts"
import { areFilledFloats, type Call, override } from "./Kernel.ts"

export const install = (): void => {
  override<"x">("Sum", (call) => reduce(call, () => 1))
  override<"x">("Mean", (call) => reduce(call, (count) => 1 / count))
}

const reduce = (call: Call<"x">, factorOf: (count: number) => number): Info | undefined => {
  const { x } = call.inputs
  const axes = tf.util.parseAxisParam(call.attributes.axis as number | Array<number>, x.shape)
  if (!areFilledFloats(x) || axes.length === 0) return undefined
  const out = sumAxes(
    call,
    x,
    [...new Set(axes)].sort((a, b) => a - b)
  )
  const factor = factorOf(sizeOf(x.shape) / sizeOf(out.shape))
  if (factor !== 1) scale(call.backend, out, factor)
  const shape = x.shape.flatMap((n, axis) => (!axes.includes(axis) ? [n] : call.attributes.keepDims === true ? [1] : []))
  return reshaped(out, shape)
}

/** Sums over a run of neighbouring axes at a time, the last one first. The result has them at length 1. */
const sumAxes = (call: Call<"x">, x: Info, axes: ReadonlyArray<number>): Info => {
  const last = axes.at(-1)!
  let first = last
  while (axes.includes(first - 1)) first--
  const summed = sumRun(call, x, first, last)
  const rest = axes.filter((axis) => axis < first)
  if (rest.length === 0) return summed
  const out = sumAxes(call, summed, rest)
  free(call.backend, [summed])
  return out
}

const sumRun = ({ functions, scratch, at, make }: Call<"x">, x: Info, first: number, last: number): Info => {
  const outer = sizeOf(x.shape.slice(0, first))
  const length = sizeOf(x.shape.slice(first, last + 1))
  const inner = sizeOf(x.shape.slice(last + 1))
  const room = inner === 1 ? 0 : scratch(inner * 8)
  const out = make(x.shape.map((n, axis) => (axis >= first && axis <= last ? 1 : n)))
  if (inner === 1) functions.row_sums(at(x), at(out), outer, length)
  else
    for (let i = 0; i < outer; i++)
      functions.column_sums(at(x) + i * length * inner * 4, inner, at(out) + i * inner * 4, length, inner, room)
  return out
}

const scale = (backend: BackendWasm, x: Info, factor: number): void => {
  const values = floats(backend, x)
  for (let i = 0; i < values.length; i++) values[i] = values[i]! * factor
}
