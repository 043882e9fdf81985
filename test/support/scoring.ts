/** A model with two outputs on rows of any length, and loaders that batch such rows. */
import { Effect } from "effect"
import type { DataError } from "../../src/Data/Dataset.ts"
import type { Batch, Loader } from "../../src/Data/Loader.ts"
import type * as EvalPrediction from "../../src/Evaluation/EvalPrediction.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as MeanLoss from "../../src/Metrics/MeanLoss.ts"
import * as Metric from "../../src/Metrics/Metric.ts"
import type { Model } from "../../src/Model/Model.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

/** `logits` are `[rows, length]`, `score` is their sum, `[rows]`; the loss is the mean squared error of the score. */
export const model: Model = {
  inputs: ["x"],
  labels: ["labels"],
  init: () => ({ gain: HostTensor.scalar(3) }),
  apply: ({ gain }, { labels, x }) => {
    const logits = tf.mul(x!, gain!)
    const score = tf.sum(logits, 1)
    const outputs = { logits, score }
    if (labels === undefined) return { outputs }
    return { outputs, loss: { sum: tf.sum(tf.square(tf.sub(score, labels))), count: tf.scalar(labels.shape[0]!) } }
  }
}

/** The same with one output. */
export const single: Model = {
  ...model,
  apply: (parameters, batch, context) => {
    const { outputs, ...rest } = model.apply(parameters, batch, context)
    return { ...rest, outputs: { score: outputs.score! } }
  }
}

export interface Row {
  readonly x: ReadonlyArray<number>
  readonly label?: number
}

/** Rows of one length, all different. */
export const rows = (count: number, length = 2): ReadonlyArray<Row> =>
  Array.from({ length: count }, (_, i) => ({ x: Array.from({ length }, (_, j) => i + j / 4), label: 2 * i }))

/** Batches rows; each batch is as long as its longest row, padded with zeros. `broken` is the batch that cannot be read. */
export const loader = (all: ReadonlyArray<Row>, size: number, broken?: DataError): Loader => ({
  batchesPerEpoch: Math.ceil(all.length / size),
  size: all.length,
  batch: (_, index) => {
    const part = all.slice(index * size, (index + 1) * size)
    if (part.length === 0) return broken === undefined ? Effect.undefined : Effect.fail(broken)
    return Effect.succeed(batch(part))
  }
})

const batch = (part: ReadonlyArray<Row>): Batch => {
  const length = Math.max(...part.map(({ x }) => x.length))
  const x = HostTensor.fromArray(part.map(({ x }) => [...x, ...Array.from({ length: length - x.length }, () => 0)]))
  const labels = part.flatMap(({ label }) => (label === undefined ? [] : [label]))
  return { rows: part.length, tensors: labels.length === 0 ? { x } : { x, labels: HostTensor.fromArray(labels) } }
}

export const weights = Effect.gen(function* () {
  const device = yield* Device
  const parameters = yield* Effect.acquireRelease(device.put({ gain: HostTensor.scalar(3) }), device.dispose)
  return { parameters, buffers: {} }
})

export const metrics = Metric.all([MeanLoss.make()])

/** The mean squared error of the scores, over all rows at once. */
export const squaredError = (score: HostTensor.HostTensor, labels: HostTensor.HostTensor): number =>
  Array.from(score.data).reduce((sum, value, i) => sum + (value - labels.data[i]!) ** 2, 0) / labels.data.length

/** A prediction as plain arrays. */
export const plain = (gathered: EvalPrediction.Gathered | undefined): unknown => {
  if (gathered === undefined) return undefined
  if (Array.isArray(gathered)) return gathered.map((part) => plain(part))
  if ("dtype" in gathered && typeof gathered.dtype === "string") return HostTensor.toArray(gathered as HostTensor.HostTensor)
  return Object.fromEntries(Object.entries(gathered).map(([name, tensor]) => [name, HostTensor.toArray(tensor)]))
}
