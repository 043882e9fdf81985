/** Gradient accumulation: one update of an optimizer from the mean of several gradients. */
import { dual } from "effect/Function"
import { tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { chain, type Transformation } from "./Transformation.ts"

/**
 * Runs an optimizer at every n-th update only, on the mean of the n gradients; the updates between are 0. The optimizer counts its own updates, and gets
 * the learning rate of the n-th. Gradients that remain at the end of a run stay in the slots.
 *
 * `gradient_accumulation_steps` accumulates micro-batches within a step and does not need it. Use it where the loop has one batch an update, or to update one
 * group of parameters less often than the others. Nothing branches on the host, so it computes the optimizer's update each time.
 *
 * **Shapes**: slot `sum`, as the parameters', beside the optimizer's own.
 *
 * **Law**: n updates of `every(n)` on gradients are one update of the optimizer on their mean (test/property/Optimizer.test.ts).
 *
 * **Source**: Optax's `MultiSteps`.
 *
 * @example
 * ```ts
 * import { pipe } from "effect"
 * import { Optimizer } from "regimen"
 * import { Accumulate } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const optimizer = pipe(Optimizer.sgd(), Accumulate.every(2))
 * assert.deepEqual([0, 1, 2].map((step) => optimizer.scalars({ step, learningRate: 1 }).ready), [0, 1, 0])
 * ```
 */
export const every: {
  (updates: number): (self: Transformation) => Transformation
  (self: Transformation, updates: number): Transformation
} = dual(2, (self: Transformation, updates: number): Transformation => {
  const inner = chain(self)
  return {
    name: "accumulate",
    init: (parameters) => ({
      ...Tree.prefix(
        Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
        "sum"
      ),
      ...inner.init(parameters)
    }),
    scalars: ({ step, learningRate }) => ({
      ready: (step + 1) % updates === 0 ? 1 : 0,
      ...inner.scalars({ step: Math.floor(step / updates), learningRate })
    }),
    update: ({ gradients, parameters, slots, scalars }) => {
      const ready = tf.greater(scalars.ready!, 0)
      const sums = Tree.map(gradients, (gradient, path) => tf.add(slots[`sum.${path}`]!, gradient))
      const means = Tree.map(sums, (sum) => tf.div(sum, updates))
      const output = inner.update({ gradients: means, parameters, slots, scalars })
      return {
        updates: Tree.map(output.updates, (update) => tf.where(ready, update, tf.zerosLike(update))),
        slots: {
          ...Tree.prefix(
            Tree.map(sums, (sum) => tf.where(ready, tf.zerosLike(sum), sum)),
            "sum"
          ),
          ...Tree.map(output.slots, (slot, path) => tf.where(ready, slot, slots[path]!))
        }
      }
    }
  }
})
