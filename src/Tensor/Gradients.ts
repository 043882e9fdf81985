/** Computes gradients of a loss with respect to a flat record of parameters. */
import { Schema } from "effect"
import { install } from "../TensorFlowFixes/gradients/Install.ts"
import { type Tensor, type Tensors, tf } from "./Tensor.ts"

/** Registers TensorFlow.js's gradients and the repaired ones; later calls do nothing. A device calls it when it starts. **Errors**: throws `GradientsMissing`. */
export { install as register } from "../TensorFlowFixes/gradients/Install.ts"
export { GradientsMissing } from "../TensorFlowFixes/gradients/StockGradients.ts"

export interface ValueAndGrads<Aux extends Tensors> {
  /** Scalar. */
  readonly loss: Tensor
  readonly aux: Aux
  /** **Shapes**: as the parameters'. */
  readonly gradients: Tensors
}

/** The loss cannot be differentiated with respect to any parameter: a bug in the model, caught before the first update. */
export class NoGradient extends Schema.TaggedError<NoGradient>()("NoGradient", {
  reason: Schema.String,
  parameters: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no gradient: ${this.reason} (parameters: ${this.parameters.slice(0, 5).join(", ")}${this.parameters.length > 5 ? ", ..." : ""}).`
  }
}

/**
 * Computes a scalar loss, its gradients and auxiliary results of `f` (`aux`: outputs, new buffers). A parameter that the
 * loss does not use gets zeros, as in PyTorch's optimizers with `zero_grad(set_to_none=False)` and JAX; when it uses none of them, that is an error.
 * The caller (or the surrounding tidy) owns the results. Nothing leaks when `f` throws.
 *
 * **Shapes**: `loss` scalar; `gradients` as `parameters`.
 *
 * **Law**: they are the same on every device (test/contract/Device.test.ts).
 *
 * **Errors**: throws `NoGradient` when the loss is not a scalar or depends on no parameter, `GradientsMissing`, and what `f` throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Device, tf } from "regimen"
 * import { Gradients, HostTensor } from "regimen/nn"
 *
 * const gradients = Effect.gen(function* () {
 *   const device = yield* Device.Device
 *   const parameters = yield* device.put({ w: HostTensor.fromArray([1, 2, 3]) })
 *   const result = yield* device.run("example", () =>
 *     Gradients.valueAndGrads(({ w }) => ({ loss: tf.sum(tf.square(w!)), aux: {} }), parameters)
 *   )
 *   return yield* device.read(result.gradients)
 * })
 * assert.deepEqual(await Effect.runPromise(Effect.provide(gradients, Device.cpu)), { w: HostTensor.fromArray([2, 4, 6]) })
 * ```
 */
export const valueAndGrads = <Aux extends Tensors>(
  f: (parameters: Tensors) => { readonly loss: Tensor; readonly aux: Aux },
  parameters: Tensors
): ValueAndGrads<Aux> => {
  install()
  const names = Object.keys(parameters)
  const refuse = (reason: string) => new NoGradient({ reason, parameters: names })
  if (names.length === 0) throw refuse("the model has no parameters")
  const retained: Array<readonly [string, Tensor]> = []
  try {
    return tf.tidy(() => {
      const forward = () => {
        const { loss, aux } = f(parameters)
        if (loss.rank !== 0) throw refuse(`the loss has shape [${loss.shape}] and must be a scalar`)
        // The engine frees all but the loss at the end of the forward computation.
        for (const [name, tensor] of Object.entries(aux)) retained.push([name, tf.keep(tf.clone(tensor))])
        return loss
      }
      const { value, grads } = tf.engine().gradients(forward, Object.values(parameters), undefined, true)
      if (grads.every((gradient) => gradient === undefined)) throw refuse("the loss depends on no parameter")
      return {
        loss: value,
        aux: Object.fromEntries(retained.map(([name, tensor]) => [name, tf.clone(tensor)])) as Tensors as Aux,
        gradients: Object.fromEntries(names.map((name, i) => [name, grads[i] ?? tf.zerosLike(parameters[name]!)]))
      }
    })
  } catch (error) {
    freeTape()
    throw error
  } finally {
    for (const [, tensor] of retained) tensor.dispose()
  }
}

/** Frees what a failed forward computation had saved for the backward one, which no tidy does. */
const freeTape = () => {
  const { state } = tf.engine()
  if (state.gradientDepth > 0) return
  for (const node of state.activeTape ?? []) for (const tensor of node.saved ?? []) tensor.dispose()
  state.activeTape = []
}
