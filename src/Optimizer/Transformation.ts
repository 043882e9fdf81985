/** Gradient transformations: functions from gradients to updates that are *added* to the parameters. Optimizers are chains of them. */
import { dual } from "effect/Function"
import type { Tensor, Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { distinct } from "./UniqueNames.ts"

/** The step and learning rate of an update, from which scalars are computed on the host. */
export interface UpdateContext {
  /** Updates done before this one. */
  readonly step: number
  /** Dimensionless, >= 0. */
  readonly learningRate: number
}

export interface UpdateInput {
  readonly gradients: Tensors
  readonly slots: Tensors
  readonly parameters: Tensors
  readonly scalars: Tensors
}

export interface UpdateOutput {
  readonly updates: Tensors
  readonly slots: Tensors
}

export interface FusedOutput {
  readonly parameters: Tensors
  readonly slots: Tensors
}

export interface Transformation {
  /** Names the slots in a checkpoint; `chain` makes it unique. */
  readonly name: string
  /** Creates the slots for these parameters. **Shapes**: as the parameters', unless documented otherwise. */
  readonly init: (parameters: Tensors) => Tensors
  /**
   * Computes, in float64 on the host, the numbers that change from update to update (learning rate, bias corrections). `update`
   * gets them as float32 scalars on the device, so that a compiled step takes them as inputs.
   */
  readonly scalars: (context: UpdateContext) => Readonly<Record<string, number>>
  /** Runs on the device, inside a tidy; pure. */
  readonly update: (input: UpdateInput) => UpdateOutput
  /**
   * Computes the new parameters from gradients that are first multiplied by `factor`, in fused kernels; `undefined` on a device without them.
   * **Law**: bit for bit the parameters plus the updates of `update` (test/property/FusedKernels.test.ts).
   */
  readonly fused?: (input: UpdateInput & { readonly factor: Tensor }) => FusedOutput | undefined
  /** The links of a chain; nested chains are flattened. */
  readonly links?: ReadonlyArray<Transformation>
}

/** Makes a transformation without slots from a function on the gradients. */
export const stateless = (name: string, update: (gradients: Tensors, parameters: Tensors) => Tensors): Transformation => ({
  name,
  init: () => ({}),
  scalars: () => ({}),
  update: ({ gradients, parameters }) => ({ updates: update(gradients, parameters), slots: {} })
})

/** Returns the gradients unchanged: the unit of `chain`. */
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
    scalars: (context) => gather(named, (link) => link.scalars(context)),
    update: ({ gradients, slots, parameters, scalars }) => {
      let updates = gradients
      const newSlots = gather(named, ({ name, update }) => {
        const output = update({
          gradients: updates,
          parameters,
          slots: Tree.under(slots, name),
          scalars: Tree.under(scalars, name)
        })
        updates = output.updates
        return output.slots
      })
      return { updates, slots: newSlots }
    }
  }
}

/**
 * Changes the step or learning rate that a transformation gets, as for a group with a schedule of its own.
 *
 * @example
 * ```ts
 * import { pipe } from "effect"
 * import { Optimizer } from "regimen"
 * import { Transformation } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const slow = pipe(Optimizer.sgd(), Transformation.mapContext((context) => ({ ...context, learningRate: context.learningRate / 4 })))
 * assert.deepEqual(slow.scalars({ step: 0, learningRate: 1 }), { "learning_rate.negativeRate": -0.25 })
 * ```
 */
export const mapContext: {
  (f: (context: UpdateContext) => UpdateContext): (self: Transformation) => Transformation
  (self: Transformation, f: (context: UpdateContext) => UpdateContext): Transformation
} = dual(2, (self: Transformation, f: (context: UpdateContext) => UpdateContext): Transformation => {
  const mapped = { ...self, scalars: (context: UpdateContext) => self.scalars(f(context)) }
  return self.links === undefined ? mapped : { ...mapped, links: self.links.map((link) => mapContext(link, f)) }
})

const gather = <A>(
  links: ReadonlyArray<Transformation>,
  f: (link: Transformation) => Readonly<Record<string, A>>
): Record<string, A> => Object.assign({}, ...links.map((link) => Tree.prefix(f(link), link.name)))
