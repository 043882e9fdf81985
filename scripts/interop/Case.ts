/** One case: a model of a random config with a batch, in a folder that Python shares. What both make of it is compared here. */
import { join } from "node:path"
import { Effect, FileSystem, Result } from "effect"
import { Device, type Model, tf } from "../../src/index.ts"
import { HostTensor, Key, Random, Safetensors, type Tensor, Tree } from "../../src/nn.ts"
import { Gradient, Reduction } from "../../src/optim.ts"
import { Transformers } from "../../src/transformers.ts"
import * as Batches from "./Batches.ts"
import * as Draw from "./Draw.ts"
import type { Family } from "./Families.ts"

export interface Case {
  readonly folder: string
  readonly family: Family
  readonly config: Transformers.Config
  readonly batch: HostTensor.HostTensors
  readonly seed: number
  readonly key: Key.Key
  /** Whether what Python saves is in several files. */
  readonly shards: boolean
}

export const make = (root: string, family: Family, number: number, seed: number): Case => {
  const key = Key.fold(Key.fold(Key.make(seed), family.name), number)
  const draw = Draw.make(key)
  const config = family.config(draw, family.task)
  return {
    folder: join(root, `${family.name}-${number}`),
    family,
    config,
    batch: Batches.make(draw, family.task, config),
    seed: draw.whole("seed", 0, 1e6),
    key,
    shards: number % 2 === 1
  }
}

export const model = ({ config, family }: Case): Transformers.Transformer =>
  Result.getOrThrow(Transformers.make(config, family.architecture))

/** Writes what Python is to make and to read. */
export const write = Effect.fnUntraced(function* (
  own: Case,
  { reads, adapter }: { readonly reads: ReadonlyArray<string>; readonly adapter: Transformers.Config }
) {
  const fs = yield* FileSystem.FileSystem
  const { architecture } = own.family
  const { config, seed, shards } = own
  const text = JSON.stringify({ architecture, modelType: model(own).modelType, config, seed, shards, reads, adapter }, null, 2)
  yield* fs.writeFileString(join(own.folder, "case.json"), text)
  yield* fs.writeFile(join(own.folder, "batch.safetensors"), Safetensors.encode(own.batch))
})

/** Random numbers for every parameter, those that begin at 0 or 1 too. */
export const parameters = (own: Case): HostTensor.HostTensors =>
  Tree.map(model(own).blueprint, ({ shape }, path): HostTensor.HostTensor => {
    const middle = /norm|\.ln_/i.test(path) && !path.endsWith("bias") ? 1 : 0
    const drawn = Random.normal(Key.fold(Key.fold(own.key, "weights"), path), shape)
    return { ...drawn, data: Float32Array.from(drawn.data, (z) => middle + 0.25 * z) }
  })

/** What a model gives for the case's batch: outputs, the loss, and where they are asked for the gradients of what is trained, by Python's names. */
export const run = Effect.fnUntraced(function* (
  own: Case,
  model: Model.Model,
  weights: HostTensor.HostTensors,
  gradients = false
) {
  const device = yield* Device.Device
  const fault = model.validate?.(own.batch)
  if (fault !== undefined) return yield* Effect.fail(new Error(`the batch is refused: ${fault.field} ${fault.reason}`))
  const gradient = Gradient.make({ model, reduction: Reduction.perMicroBatch })
  const found = yield* device.run("interop", (): Tensor.Tensors => {
    const [parameters, batch] = [HostTensor.toDevice(weights), HostTensor.toDevice(own.batch)]
    const { loss, outputs } = model.apply(parameters, batch, { training: false, key: own.key, buffers: {} })
    const slopes = gradients ? gradient({ parameters, batch, buffers: {}, key: own.key }).gradients : {}
    return {
      ...Tree.prefix(outputs, "outputs"),
      loss: tf.div(loss!.sum, loss!.count),
      ...Tree.prefix(Tree.filter(slopes, model.trainable ?? (() => true)), "gradients")
    }
  })
  const read = yield* device.read(found)
  yield* device.dispose(found)
  return read
})

/** What Python gave for a folder. */
export const expected = Effect.fnUntraced(function* (own: Case, name: string) {
  const fs = yield* FileSystem.FileSystem
  return Safetensors.decode(yield* fs.readFile(join(own.folder, `${name}.outputs.safetensors`))).tensors
})

/** The largest differences between ours and theirs, relative to the scale of each tensor; of outputs below 1 as they are. */
export interface Differences {
  readonly outputs: number
  readonly loss: number
  readonly gradients: number
}

/** How far apart the two may be. */
export const limits: Differences = { outputs: 1e-5, loss: 1e-5, gradients: 1e-4 }

export const compare = (own: Case, ours: HostTensor.HostTensors, theirs: HostTensor.HostTensors): Differences => {
  const [names, others] = [
    Object.keys(ours).sort(),
    Object.keys(Tree.filter(theirs, (name) => !name.startsWith("rounding."))).sort()
  ]
  if (names.join() !== others.join()) throw new Error(`ours gives ${names.join()}, and theirs ${others.join()}`)
  const gradients = names.filter((name) => name.startsWith("gradients."))
  // A gradient that is zero but for rounding, as that of the bias before a softmax, is measured by the others, and by what rounding does to theirs.
  const floor = 1e-2 * Math.max(0, ...gradients.map((name) => largest(theirs[name]!)))
  const rounding = (name: string) => (10 * theirs[`rounding.${name}`]!.data[0]!) / limits.gradients
  const most = (of: (name: string) => boolean, least: (name: string) => number) =>
    Math.max(0, ...names.filter(of).map((name) => difference(own, ours[name]!, theirs[name]!, least(name))))
  return {
    outputs: most(
      (name) => name.startsWith("outputs."),
      () => 1
    ),
    loss: most(
      (name) => name === "loss",
      () => 1e-3
    ),
    gradients: most(
      (name) => name.startsWith("gradients."),
      (name) => Math.max(floor, rounding(name))
    )
  }
}

/** The largest differences of all. */
export const worst = (all: ReadonlyArray<Differences>): Differences => ({
  outputs: Math.max(...all.map(({ outputs }) => outputs)),
  loss: Math.max(...all.map(({ loss }) => loss)),
  gradients: Math.max(...all.map(({ gradients }) => gradients))
})

/** Whether training changed any of the parameters. */
export const moved = (before: HostTensor.HostTensors, after: HostTensor.HostTensors): boolean =>
  Object.entries(before).some(([path, { data }]) => data.some((value, i) => value !== after[path]!.data[i]))

const largest = ({ data }: HostTensor.HostTensor): number =>
  Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/** A decoder that attends to padding alone has no defined output. */
const difference = (own: Case, ours: HostTensor.HostTensor, theirs: HostTensor.HostTensor, least: number): number => {
  if (ours.shape.join() !== theirs.shape.join()) throw new Error(`a tensor is [${ours.shape}] here and [${theirs.shape}] there`)
  const mask = own.family.task === "next" && ours.shape.length === 3 ? own.batch.attention_mask : undefined
  const each = mask === undefined ? 1 : ours.shape[2]!
  let [worst, scale] = [0, least]
  for (let i = 0; i < ours.data.length; i++) {
    if (mask?.data[Math.floor(i / each)] === 0) continue
    const distance = Math.abs(ours.data[i]! - theirs.data[i]!)
    worst = Number.isNaN(distance) ? Infinity : Math.max(worst, distance)
    scale = Math.max(scale, Math.abs(theirs.data[i]!))
  }
  return worst === 0 ? 0 : worst / scale
}
