/** What a forward and a backward pass cost. **Unit**: floating-point operations. */

/** Tensors of which only the shape is looked at: on the host or on a device. */
export type Shapes = Readonly<Record<string, { readonly shape: ReadonlyArray<number> }>>

/** Estimates the cost of a batch. */
export type Estimate = (batch: Shapes) => number

/**
 * Estimates as the Trainer does for its own models: 6 operations for each element of the main input and each parameter that is in no embedding. A batch
 * without the main input costs 0, and so does every batch of a model that estimates nothing.
 *
 * **Source**: `PreTrainedModel.floating_point_ops`; Kaplan et al. 2020, https://arxiv.org/abs/2001.08361, section 2.1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { FloatingPointOps } from "regimen/nn"
 *
 * const parameters = { "words.weight": { shape: [100, 8] }, "head.weight": { shape: [8, 2] } }
 * const cost = FloatingPointOps.estimate(parameters, { embedding: (path) => path === "words.weight" })
 * assert.equal(cost({ input_ids: { shape: [4, 9] } }), 6 * 36 * 16)
 * ```
 */
export const estimate = (
  parameters: Shapes,
  options: {
    /** Which parameters are tables that are looked up in. */
    readonly embedding: (path: string) => boolean
    /** Default "input_ids". */
    readonly mainInput?: string
  }
): Estimate => {
  const { embedding, mainInput = "input_ids" } = options
  const counted = Object.entries(parameters).reduce((sum, [path, { shape }]) => (embedding(path) ? sum : sum + size(shape)), 0)
  return (batch) => {
    const input = batch[mainInput]
    return input === undefined ? 0 : 6 * size(input.shape) * counted
  }
}

const size = (shape: ReadonlyArray<number>): number => shape.reduce((product, length) => product * length, 1)
