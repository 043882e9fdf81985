/** A trace of the kernels of a computation and their outputs, up to the first tensor that holds a NaN or an infinity. */
import { Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { type Tensor, type Tensors, tf } from "./Tensor.ts"

/** One kernel's output, as in the reports of transformers' `DebugUnderflowOverflow`. */
export const Frame = Schema.Struct({
  kernel: Schema.String,
  /** The names of its inputs, for the tensors that have names. */
  inputs: Schema.Array(Schema.String),
  shape: Schema.Array(Schema.Number),
  /** The smallest and largest absolute value of the output; NaN where the output holds one. */
  absMin: Schema.Number,
  absMax: Schema.Number
})
export type Frame = typeof Frame.Type

export interface Traced<A> {
  readonly value: A
  /** The last `maxFrames` frames, oldest first, up to the first one with a NaN or an infinity. */
  readonly frames: ReadonlyArray<Frame>
}

/** The number of frames in a trace. **Source**: the default of `DebugUnderflowOverflow`. */
export const maxFrames = 21

/**
 * Runs a computation and records the outputs of its kernels. Each output is read back, so it is slow. Kernels on int32 or bool and those that only
 * rename or reshape their input are not recorded.
 *
 * **Errors**: throws what `f` throws, and `Unreadable` on a device whose tensors cannot be read synchronously.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { tf } from "regimen"
 * import { KernelTrace } from "regimen/optim"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const x = tf.tensor1d([0, 2])
 * const { frames } = KernelTrace.trace({ x }, () => tf.exp(tf.log(x)))
 * assert.deepEqual(frames, [{ kernel: "Log", inputs: ["x"], shape: [2], absMin: Math.fround(Math.log(2)), absMax: Infinity }])
 * ```
 */
export const trace = <A>(named: Tensors, f: () => A): Traced<A> => {
  const names = new Map(Object.entries(named).map(([name, tensor]) => [tensor.dataId, name]))
  const frames: Array<Frame> = []
  let ended = false
  const record = (kernel: string, inputs: ReadonlyArray<Tensor>, output: Tensor) => {
    if (ended || dataless.has(kernel) || output.dtype !== "float32" || output.size === 0) return
    const inputNames = inputs.flatMap((tensor) => names.get(tensor.dataId) ?? [])
    frames.push({ kernel, inputs: [...new Set(inputNames)], shape: output.shape, ...extremes(read(output)) })
    if (frames.length > maxFrames) frames.shift()
    ended = !isFinite(frames.at(-1)!)
  }
  const engine = tf.engine()
  const { runKernel } = engine
  engine.runKernel = (kernel, inputs, attributes) => {
    const outputs = runKernel.call(engine, kernel, inputs, attributes)
    for (const output of [outputs].flat()) record(kernel, Object.values(inputs).flat() as Array<Tensor>, output as Tensor)
    return outputs as never
  }
  try {
    const value = f()
    return { value, frames }
  } finally {
    Reflect.deleteProperty(engine, "runKernel")
  }
}

/** The tensors of the device cannot be read synchronously, in the middle of a computation. */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { reason: Schema.String }) {
  override get message() {
    return `debug "underflow_overflow" is not supported: tensors cannot be read while a step runs (${this.reason}). Use the device cpu or wasm.`
  }
}

/** Kernels that compute nothing. */
const dataless = new Set(["Identity", "Reshape"])

/** Returns whether a frame holds neither NaN nor infinity. */
export const isFinite = ({ absMax }: Pick<Frame, "absMax">): boolean => absMax < Number.POSITIVE_INFINITY

/** Returns the names of the tensors that hold a NaN or an infinity. **Errors**: throws `Unreadable`. */
export const nonFinite = (named: Tensors): ReadonlyArray<string> =>
  Object.entries(named).flatMap(([name, tensor]) =>
    tensor.dtype !== "float32" || tensor.size === 0 || isFinite(extremes(read(tensor))) ? [] : [name]
  )

/** Formats frames as a table. */
export const render = (frames: ReadonlyArray<Frame>): string => {
  const rows = frames.map(({ kernel, inputs, shape, absMin, absMax }) => [
    number(absMin),
    number(absMax),
    kernel,
    `[${shape}]`,
    inputs.join(", ")
  ])
  const table = [["abs min", "abs max", "kernel", "shape", "inputs"], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

const number = (value: number): string => (Number.isFinite(value) ? value.toExponential(2) : String(value))

const extremes = (data: ArrayLike<number>): Pick<Frame, "absMin" | "absMax"> => {
  let [absMin, absMax] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]!)
    if (Number.isNaN(size)) return { absMin: Number.NaN, absMax: Number.NaN }
    if (size < absMin) absMin = size
    if (size > absMax) absMax = size
  }
  return { absMin, absMax }
}

const read = (tensor: Tensor): ArrayLike<number> => {
  try {
    return tensor.dataSync()
  } catch (cause) {
    throw new Unreadable({ reason: messageOf(cause) })
  }
}
