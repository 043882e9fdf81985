/** A step that checks every tensor: it returns the output of the step, or the first tensor with a NaN or an infinity and the kernels before it. */
import { Result } from "effect"
import * as KernelTrace from "../Tensor/KernelTrace.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as Step from "./Step.ts"

export interface Finding {
  /** The first kernel with such an output; absent where an input already held it. */
  readonly kernel?: string
  /** The last kernels up to it, oldest first. */
  readonly frames: ReadonlyArray<KernelTrace.Frame>
  /** The tensors that hold such numbers: those of the batch and the weights, then the gradients and the weights after the step. */
  readonly tensors: ReadonlyArray<string>
}

/**
 * Makes a step that is traced. The update is discarded where there is a finding.
 *
 * **Errors**: throws what the step throws, and `Unreadable` on a device whose tensors cannot be read synchronously.
 *
 * **Source**: `debug`: "underflow_overflow", `DebugUnderflowOverflow`; there a frame is a module's.
 *
 * @example
 * ```ts
 * import { Model, Optimizer, tf } from "regimen"
 * import { NanTrace } from "regimen/optim"
 * import { Key, Loss } from "regimen/nn"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const model = Model.make({
 *   inputs: ["x"],
 *   labels: ["y"],
 *   init: () => ({ w: { dtype: "float32", shape: [], data: Float32Array.of(1) } }),
 *   forward: ({ w }, { x }) => ({ logits: tf.log(tf.mul(w!, x)) }),
 *   loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
 * })
 * const step = NanTrace.make({ model, optimizer: Optimizer.sgd() })
 * const finding = step({
 *   weights: { parameters: { w: tf.scalar(1) }, buffers: {}, slots: {} },
 *   batches: [{ x: tf.tensor1d([-1]), y: tf.tensor1d([0]) }],
 *   keys: [Key.make(0)],
 *   scalars: { "learning_rate.negativeRate": tf.scalar(-0.1) }
 * })
 * assert.equal(Result.getOrThrow(Result.flip(finding)).kernel, "Log")
 * ```
 */
export const make = (options: Step.Options): ((input: Step.Input) => Result.Result<Step.Output, Finding>) => {
  const gradients: Array<string> = []
  const step = Step.make({
    ...options,
    inspect: (found) => void gradients.push(...KernelTrace.nonFinite(Tree.prefix(found, "gradients")))
  })
  return (input) => {
    const named = { ...batchesOf(input), ...weightsOf(input.weights) }
    const before = KernelTrace.nonFinite(named)
    if (before.length > 0) return Result.fail({ frames: [], tensors: before })
    gradients.length = 0
    const { frames, value } = KernelTrace.trace(named, () => step(input))
    const last = frames.at(-1)
    if (last === undefined || KernelTrace.isFinite(last)) return Result.succeed(value)
    return Result.fail({
      kernel: last.kernel,
      frames,
      tensors: [...gradients, ...KernelTrace.nonFinite(weightsOf(value.weights))]
    })
  }
}

const batchesOf = ({ batches }: Step.Input): Tensors =>
  Object.assign({}, ...batches.map((batch, i) => Tree.prefix(batch, batches.length === 1 ? "batch" : `batch ${i + 1}`)))

const weightsOf = ({ buffers, parameters, slots }: Step.Input["weights"]): Tensors => ({
  ...Tree.prefix(parameters, "parameters"),
  ...Tree.prefix(buffers, "buffers"),
  ...Tree.prefix(slots, "slots")
})
