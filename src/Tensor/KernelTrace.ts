/** Frames: what each kernel of a computation gives, seen as it runs, up to the first tensor that holds a NaN or an infinity. */
import { Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { type Tensor, type Tensors, tf } from "./Tensor.ts"

/** One kernel's output. */
export const Frame = Schema.Struct({
  kernel: Schema.String,
  /** What it was given, of the tensors that have names. */
  inputs: Schema.Array(Schema.String),
  shape: Schema.Array(Schema.Number),
  /** The smallest absolute value of the output, and the largest; NaN where there is one. */
  least: Schema.Number,
  most: Schema.Number
})
export type Frame = typeof Frame.Type

export interface Watched<A> {
  readonly value: A
  /** The newest frames, oldest first. They end with the first that holds a NaN or an infinity. */
  readonly frames: ReadonlyArray<Frame>
}

/** How many frames are kept. **Source**: `DebugUnderflowOverflow` keeps as many. */
export const kept = 21

/**
 * Runs a computation, and looks at what its kernels give: each output is read back, so it is slow. Whole numbers and booleans are no frames, and
 * neither is what only gives its input another name or shape.
 *
 * **Errors**: throws what `f` throws, and `Unreadable` on a device that gives no tensor back at once.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { tf } from "regimen"
 * import { KernelTrace } from "regimen/optim"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const x = tf.tensor1d([0, 2])
 * const { frames } = KernelTrace.watch({ x }, () => tf.exp(tf.log(x)))
 * assert.deepEqual(frames, [{ kernel: "Log", inputs: ["x"], shape: [2], least: Math.fround(Math.log(2)), most: Infinity }])
 * ```
 */
export const watch = <A>(named: Tensors, f: () => A): Watched<A> => {
  const names = new Map(Object.entries(named).map(([name, tensor]) => [tensor.dataId, name]))
  const frames: Array<Frame> = []
  let ended = false
  const look = (kernel: string, inputs: ReadonlyArray<Tensor>, output: Tensor) => {
    if (ended || passing.has(kernel) || output.dtype !== "float32" || output.size === 0) return
    const given = inputs.flatMap((tensor) => names.get(tensor.dataId) ?? [])
    frames.push({ kernel, inputs: [...new Set(given)], shape: output.shape, ...extremes(read(output)) })
    if (frames.length > kept) frames.shift()
    ended = !isFinite(frames.at(-1)!)
  }
  const engine = tf.engine()
  const { runKernel } = engine
  engine.runKernel = (kernel, inputs, attributes) => {
    const outputs = runKernel.call(engine, kernel, inputs, attributes)
    for (const output of [outputs].flat()) look(kernel, Object.values(inputs).flat() as Array<Tensor>, output as Tensor)
    return outputs as never
  }
  try {
    const value = f()
    return { value, frames }
  } finally {
    Reflect.deleteProperty(engine, "runKernel")
  }
}

/** The device gives its tensors back later, when a computation that is watched would have gone on. */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { reason: Schema.String }) {
  override get message() {
    return `its tensors cannot be looked at while a step runs, as debug "underflow_overflow" does (${this.reason}). Use the device cpu or wasm.`
  }
}

/** Kernels that compute nothing. */
const passing = new Set(["Identity", "Reshape"])

/** Says whether a frame holds neither NaN nor infinity. */
export const isFinite = ({ most }: Pick<Frame, "most">): boolean => most < Number.POSITIVE_INFINITY

/** Names the tensors that hold a NaN or an infinity. **Errors**: throws `Unreadable`. */
export const unsound = (named: Tensors): ReadonlyArray<string> =>
  Object.entries(named).flatMap(([name, tensor]) =>
    tensor.dtype !== "float32" || tensor.size === 0 || isFinite(extremes(read(tensor))) ? [] : [name]
  )

/** Writes frames as lines, in columns. */
export const render = (frames: ReadonlyArray<Frame>): string => {
  const rows = frames.map(({ kernel, inputs, shape, least, most }) => [
    figure(least),
    figure(most),
    kernel,
    `[${shape}]`,
    inputs.join(", ")
  ])
  const table = [["min |x|", "max |x|", "kernel", "shape", "of"], ...rows]
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

const figure = (value: number): string => (Number.isFinite(value) ? value.toExponential(2) : String(value))

const extremes = (data: ArrayLike<number>): Pick<Frame, "least" | "most"> => {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]!)
    if (Number.isNaN(size)) return { least: Number.NaN, most: Number.NaN }
    if (size < least) least = size
    if (size > most) most = size
  }
  return { least, most }
}

const read = (tensor: Tensor): ArrayLike<number> => {
  try {
    return tensor.dataSync()
  } catch (cause) {
    throw new Unreadable({ reason: messageOf(cause) })
  }
}
