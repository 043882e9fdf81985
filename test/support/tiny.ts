/** A task small enough to train thousands of times: a linear model with dropout on eleven rows, on the cpu device. */
import { Effect, Layer } from "effect"
import { type Checkpoint, CheckpointStore, type RunAttempt } from "../../src/Checkpoint/CheckpointStore.ts"
import * as Collator from "../../src/Data/Collator.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Loader from "../../src/Data/Loader.ts"
import * as Sampler from "../../src/Data/Sampler.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { type Entry, Logger } from "../../src/Layer/Logger/Logger.ts"
import * as Optimizer from "../../src/Layer/Optimizer.ts"
import * as Loss from "../../src/Model/Loss.ts"
import type { Model } from "../../src/Model/Model.ts"
import { adamw } from "../../src/Optimizer/Optimizers.ts"
import * as Dropout from "../../src/Tensor/Dropout.ts"
import type { HostTensors } from "../../src/Tensor/HostTensor.ts"
import * as Init from "../../src/Tensor/Init.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

export const model: Model = {
  init: (key) => ({ "lin.weight": Init.normal()(key, [3, 1]), "lin.bias": Init.zeros(key, [1]), gain: Init.ones(key, [3]) }),
  apply: (parameters, { x, labels }, { key, training }) => {
    const dropped = Dropout.dropout(tf.mul(x!, parameters.gain!), training ? 0.3 : 0, Key.fold(key, "dropout"))
    const y = tf.add(tf.matMul(dropped, parameters["lin.weight"]!), parameters["lin.bias"]!)
    return { loss: Loss.meanSquaredError(tf.squeeze(y, [1]), labels!), outputs: { logits: y } }
  }
}

/** The model's initial weights under a fixed key. */
export const initial = () => model.init(Key.make(1))

export const rows = (count: number, shift = 0) =>
  Array.from({ length: count }, (_, i) => ({
    x: [Math.sin(i + shift), Math.cos(2 * i), i % 3],
    label: Math.fround(Math.sin(i) - 0.5 * Math.cos(2 * i) + 0.1)
  }))

export const collate = Collator.stack({ dtypes: { labels: "float32" } })

/** The batches that the loaders read: `train:0.2` is batch 2 of epoch 0. */
export interface Asked {
  readonly batches: Array<string>
}

export const loader = (
  size: number,
  batchSize: number,
  options: { readonly shuffled?: boolean; readonly asked?: Asked; readonly name?: string } = {}
) =>
  Effect.map(
    Loader.make({
      dataset: Dataset.fromArray(rows(size)),
      batchSize,
      collate,
      sampler: options.shuffled ? Sampler.random({ seed: 7 }) : Sampler.sequential
    }),
    (wrapped): Loader.Loader => ({
      ...wrapped,
      batch: (epoch, batch) => {
        options.asked?.batches.push(`${options.name ?? "train"}:${epoch}.${batch}`)
        return wrapped.batch(epoch, batch)
      }
    })
  )

export const task = Effect.fnUntraced(function* (
  options: {
    readonly size?: number
    readonly batchSize?: number
    readonly asked?: Asked
    readonly sets?: ReadonlyArray<string>
  } = {}
) {
  const { size = 11, batchSize = 2, asked, sets = ["eval"] } = options
  const evaluation: Record<string, Loader.Loader> = {}
  for (const name of sets) evaluation[name] = yield* loader(5, 2, { name, ...(asked === undefined ? {} : { asked }) })
  return {
    ...Trainer.task({
      model,
      train: yield* loader(size, batchSize, { shuffled: true, ...(asked === undefined ? {} : { asked }) }),
      seed: 3
    }),
    evaluation
  }
})

/** An in-memory store that outlives the runs, and records its operations: `save 4`, `remove 2`. */
export const store = () => {
  const kept = new Map<number, Checkpoint>()
  const done: Array<string> = []
  let attempt = 0
  const layer = Layer.succeed(CheckpointStore, {
    open: Effect.sync((): RunAttempt => ({ run: "tiny", attempt: ++attempt })),
    save: (checkpoint) =>
      Effect.sync(() => {
        done.push(`save ${checkpoint.state.step}`)
        kept.set(checkpoint.state.step, checkpoint)
      }),
    list: Effect.sync(() => [...kept.keys()].sort((a, b) => a - b)),
    lineage: (step) => Effect.sync(() => kept.get(step)!.lineage),
    // as a file, which orders tensors differently
    load: (step) => Effect.sync(() => reordered(kept.get(step)!)),
    remove: (step) =>
      Effect.sync(() => {
        done.push(`remove ${step}`)
        kept.delete(step)
      })
  })
  return { layer, done, kept }
}

const reordered = ({ weights: { parameters, buffers, slots }, ...rest }: Checkpoint): Checkpoint => {
  const reverse = (tensors: HostTensors) => Object.fromEntries(Object.entries(tensors).reverse())
  return { ...rest, weights: { parameters: reverse(parameters), buffers: reverse(buffers), slots: reverse(slots) } }
}

/** A logger that collects. */
export const logger = (entries: Array<Entry> = []) =>
  Layer.succeed(Logger, { log: (entry) => Effect.sync(() => void entries.push(entry)), flush: Effect.void })

export const optimizer = Optimizer.layer(adamw({ weightDecay: 0.01 }))

/** Everything a run needs, on the cpu device. */
export const layers = (options: { readonly store?: Layer.Layer<CheckpointStore>; readonly entries?: Array<Entry> } = {}) =>
  Layer.mergeAll(Cpu.layer, optimizer, options.store ?? store().layer, logger(options.entries))
