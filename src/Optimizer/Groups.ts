/** Parameter groups: different optimizers for different parameters, selected by their paths. */
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { identity, type Transformation } from "./Transformation.ts"
import { distinct } from "./UniqueNames.ts"

/** The parameters whose path `where` accepts, and their transformation. */
export interface Group {
  readonly name: string
  readonly where: (path: string) => boolean
  readonly transformation: Transformation
}

/**
 * Updates each parameter by the first group whose `where` accepts its path, and the others by `otherwise`. Slots and scalars are prefixed with the group's name.
 *
 * `Transformation.mapContext` gives a group its own learning rate: a factor on the run's, or any schedule.
 *
 * **Source**: parameter groups of PyTorch's optimizers.
 *
 * @example
 * ```ts
 * import { pipe } from "effect"
 * import { Horizon, LearningRate, Optimizer, TrainerState } from "regimen"
 * import { Groups, Transformation } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const horizon = Horizon.make({ maxSteps: 8, batchesPerEpoch: 8 })
 * const warmup = LearningRate.linear({ peak: 0.5, warmup: 4 })
 * const own = Transformation.mapContext(({ step }) => ({ step, learningRate: warmup({ ...TrainerState.initial, step }, horizon) }))
 * const faster = Transformation.mapContext((context) => ({ ...context, learningRate: 10 * context.learningRate }))
 * const optimizer = Groups.make(
 *   [
 *     { name: "embeddings", where: (path) => path.startsWith("embeddings."), transformation: pipe(Optimizer.sgd(), own) },
 *     { name: "head", where: (path) => path.startsWith("classifier."), transformation: pipe(Optimizer.sgd(), faster) }
 *   ],
 *   Optimizer.sgd()
 * )
 * assert.deepEqual(optimizer.scalars({ step: 2, learningRate: 0.5 }), {
 *   "embeddings.learning_rate.negativeRate": -0.25,
 *   "head.learning_rate.negativeRate": -5,
 *   "rest.learning_rate.negativeRate": -0.5
 * })
 * ```
 */
export const make = (groups: ReadonlyArray<Group>, otherwise: Transformation = identity): Transformation => {
  const all: ReadonlyArray<Group> = distinct([...groups, { name: "rest", where: () => true, transformation: otherwise }])
  const groupOf = (path: string) => all.find((group) => group.where(path))
  const pick = (tensors: Tensors, group: Group): Tensors => Tree.filter(tensors, (path) => groupOf(path) === group)
  const gather = <A>(f: (group: Group) => Readonly<Record<string, A>>): Record<string, A> =>
    Object.assign({}, ...all.map((group) => Tree.prefix(f(group), group.name)))
  return {
    name: "groups",
    init: (parameters) => gather((group) => group.transformation.init(pick(parameters, group))),
    scalars: (context) => gather((group) => group.transformation.scalars(context)),
    update: ({ gradients, parameters, slots, scalars }) => {
      const updates: Record<string, Tensors[string]> = {}
      const newSlots = gather((group) => {
        const output = group.transformation.update({
          gradients: pick(gradients, group),
          parameters: pick(parameters, group),
          slots: Tree.under(slots, group.name),
          scalars: Tree.under(scalars, group.name)
        })
        Object.assign(updates, output.updates)
        return output.slots
      })
      return { updates, slots: newSlots }
    }
  }
}
