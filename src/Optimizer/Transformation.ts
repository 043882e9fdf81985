/** A gradient transformation: from gradients to updates that are *added* to the parameters. Optimizers are chains of them. */
import { dual } from "effect/Function"
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { distinct } from "./UniqueNames.ts"

/** Where an update stands, for what a transformation computes on the host. */
export interface At {
  /** Updates done before this one. */
  readonly step: number
  /** Dimensionless, >= 0. */
  readonly learningRate: number
}

export interface Input {
  readonly gradients: Tensors
  readonly slots: Tensors
  readonly parameters: Tensors
  readonly scalars: Tensors
}

export interface Output {
  readonly updates: Tensors
  readonly slots: Tensors
}

export interface Transformation {
  /** Names the slots in a checkpoint; `chain` makes it unique. */
  readonly name: string
  /** Makes the slots for these parameters. **Shapes**: as the parameters', unless the transformation says otherwise. */
  readonly init: (parameters: Tensors) => Tensors
  /**
   * Computes, in float64 on the host, what changes from update to update (learning rate, bias corrections). They reach
   * `update` as float32 scalars on the device, so that a compiled step takes them as inputs.
   */
  readonly scalars: (at: At) => Readonly<Record<string, number>>
  /** Runs on the device, inside a tidy; pure. */
  readonly update: (input: Input) => Output
  /** A chain's links: a chain in a chain is one chain. */
  readonly links?: ReadonlyArray<Transformation>
}

/** Makes a transformation that remembers nothing, from a function on the gradients. */
export const stateless = (name: string, update: (gradients: Tensors, parameters: Tensors) => Tensors): Transformation => ({
  name,
  init: () => ({}),
  scalars: () => ({}),
  update: ({ gradients, parameters }) => ({ updates: update(gradients, parameters), slots: {} })
})

/** Changes nothing: the unit of `chain`. */
export const identity: Transformation = { ...stateless("identity", (gradients) => gradients), links: [] }

/**
 * Runs transformations one after the other, each on the updates of the one before. Slots and scalars carry the name of their link
 * (`adam.exp_avg.fc1.weight`); the second link of a name is `adam_2`.
 *
 * **Law**: associative, with `identity` as its unit, the slots' names included (test/property/Optimizer.test.ts).
 *
 * @example
 * ```ts
 * import { Adam, Clip, Scale, Transformation } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const clipped = Transformation.chain(Clip.byValue(1), Transformation.chain(Adam.scaleByAdam(), Scale.byLearningRate))
 * assert.deepEqual(clipped.links?.map((link) => link.name), ["clip_value", "adam", "learning_rate"])
 * ```
 */
export const chain = (...transformations: ReadonlyArray<Transformation>): Transformation => {
  const links = transformations.flatMap((transformation) => transformation.links ?? [transformation])
  const named = distinct(links)
  return {
    name: "chain",
    links,
    init: (parameters) => gather(named, (link) => link.init(parameters)),
    scalars: (at) => gather(named, (link) => link.scalars(at)),
    update: ({ gradients, slots, parameters, scalars }) => {
      let updates = gradients
      const kept = gather(named, ({ name, update }) => {
        const output = update({
          gradients: updates,
          parameters,
          slots: Tree.under(slots, name),
          scalars: Tree.under(scalars, name)
        })
        updates = output.updates
        return output.slots
      })
      return { updates, slots: kept }
    }
  }
}

/**
 * Shows a transformation another step or learning rate: how a group gets a schedule of its own.
 *
 * @example
 * ```ts
 * import { pipe } from "effect"
 * import { Optimizer } from "regimen"
 * import { Transformation } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const slow = pipe(Optimizer.sgd(), Transformation.mapAt((at) => ({ ...at, learningRate: at.learningRate / 4 })))
 * assert.deepEqual(slow.scalars({ step: 0, learningRate: 1 }), { "learning_rate.negative": -0.25 })
 * ```
 */
export const mapAt: {
  (f: (at: At) => At): (self: Transformation) => Transformation
  (self: Transformation, f: (at: At) => At): Transformation
} = dual(2, (self: Transformation, f: (at: At) => At): Transformation => {
  const mapped = { ...self, scalars: (at: At) => self.scalars(f(at)) }
  return self.links === undefined ? mapped : { ...mapped, links: self.links.map((link) => mapAt(link, f)) }
})

const gather = <A>(
  links: ReadonlyArray<Transformation>,
  f: (link: Transformation) => Readonly<Record<string, A>>
): Record<string, A> => Object.assign({}, ...links.map((link) => Tree.prefix(f(link), link.name)))
