/**
 * How losses become one number: what a batch adds to an update, and to the loss of an evaluation set. Both are (sum of sums) / (sum of counts). A batch in
 * which no label counts adds 0: to the mean over micro-batches as one of them, as in the Trainer; to an evaluation not at all.
 */
import { mean } from "../Model/Loss.ts"
import type { Loss } from "../Model/Model.ts"
import { tf } from "../Tensor/Tensor.ts"

export interface Reduction {
  readonly name: "perToken" | "perMicroBatch" | "trainer"
  /** What a micro-batch adds to its update; the gradient is that of the sum over its micro-batches, divided by the count once. */
  readonly train: (loss: Loss) => Loss
  /** What a batch of so many rows adds to the loss of an evaluation set. */
  readonly evaluate: (loss: Loss, rows: number) => Loss
}

/**
 * Weighs every term (token, row) alike, however they fall into micro-batches.
 *
 * **Law**: accumulating n micro-batches equals one big batch, to 1e-6 relative (test/property/Step.test.ts).
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Reduction } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const loss = { sum: tf.scalar(6), count: tf.scalar(4) }
 * assert.equal(Reduction.perToken.train(loss).sum.dataSync()[0], 6)
 * assert.equal(Reduction.perMicroBatch.train(loss).sum.dataSync()[0], 1.5)
 * ```
 */
export const perToken: Reduction = { name: "perToken", train: (loss) => loss, evaluate: (loss) => loss }

/** Weighs every micro-batch alike; in evaluation every row, at the mean of its batch. */
export const perMicroBatch: Reduction = {
  name: "perMicroBatch",
  train: (loss) => ({ sum: mean(loss), count: tf.scalar(1) }),
  evaluate: (loss, rows) => ({
    sum: tf.mul(mean(loss), rows),
    count: tf.mul(tf.cast(tf.notEqual(loss.count, 0), "float32"), rows)
  })
}

/**
 * Does what the Hugging Face Trainer does: micro-batches alike, but divides by items over the whole update where the model counts them (`Loss.items`: a
 * model whose forward takes the Trainer's `num_items_in_batch`, such as GPT-2).
 *
 * **Source**: test/golden/README.md, items 3 and 13.
 */
export const trainer: Reduction = {
  name: "trainer",
  train: (loss) => (loss.items === undefined ? perMicroBatch.train(loss) : { sum: loss.sum, count: loss.items }),
  evaluate: ({ sum, count, items }, rows) => perMicroBatch.evaluate({ sum, count: items ?? count }, rows)
}
