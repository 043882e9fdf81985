/** Parameter groups: different parameters, picked by their paths, get different optimizers. */
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { distinct } from "./Names.ts"
import { identity, type Transformation } from "./Transformation.ts"

/** The parameters whose path `where` accepts, and how they are updated. */
export interface Group {
  readonly name: string
  readonly where: (path: string) => boolean
  readonly transformation: Transformation
}

/**
 * Updates each parameter by the first group that wants it, and the rest by `otherwise`. Slots and scalars carry the group's name.
 *
 * **Source**: parameter groups of PyTorch's optimizers.
 *
 * @example
 * ```ts
 * import { pipe } from "effect"
 * import { Groups, Optimizer, Transformation } from "regimen"
 * import assert from "node:assert/strict"
 *
 * const faster = Transformation.mapAt((at) => ({ ...at, learningRate: 10 * at.learningRate }))
 * const head = { name: "head", where: (path: string) => path.startsWith("classifier."), transformation: pipe(Optimizer.sgd(), faster) }
 * const optimizer = Groups.make([head], Optimizer.sgd())
 * assert.deepEqual(optimizer.scalars({ step: 0, learningRate: 0.5 }), {
 *   "head.learning_rate.negative": -5,
 *   "rest.learning_rate.negative": -0.5
 * })
 * ```
 */
export const make = (groups: ReadonlyArray<Group>, otherwise: Transformation = identity): Transformation => {
  const all: ReadonlyArray<Group> = distinct([...groups, { name: "rest", where: () => true, transformation: otherwise }])
  const owner = (path: string) => all.find((group) => group.where(path))
  const pick = (tensors: Tensors, group: Group): Tensors => Tree.filter(tensors, (path) => owner(path) === group)
  const gather = <A>(f: (group: Group) => Readonly<Record<string, A>>): Record<string, A> =>
    Object.assign({}, ...all.map((group) => Tree.prefix(f(group), group.name)))
  return {
    name: "groups",
    init: (parameters) => gather((group) => group.transformation.init(pick(parameters, group))),
    scalars: (at) => gather((group) => group.transformation.scalars(at)),
    update: ({ gradients, parameters, slots, scalars }) => {
      const updates: Record<string, Tensors[string]> = {}
      const kept = gather((group) => {
        const output = group.transformation.update({
          gradients: pick(gradients, group),
          parameters: pick(parameters, group),
          slots: Tree.under(slots, group.name),
          scalars: Tree.under(scalars, group.name)
        })
        Object.assign(updates, output.updates)
        return output.slots
      })
      return { updates, slots: kept }
    }
  }
}
