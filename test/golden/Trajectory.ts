/** A recorded trajectory of the real Trainer on a transformer: its model, the forward pass of its first rows, and its runs replayed update by update. */
import { readFileSync } from "node:fs"
import { expect } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Compile from "../../src/Arguments/Compile.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import type { Model } from "../../src/Model/Model.ts"
import type { Transformer } from "../../src/Model/Transformer.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as Gradient from "../../src/Step/Gradient.ts"
import * as LabelSmoothing from "../../src/Step/LabelSmoothing.ts"
import * as Reduction from "../../src/Step/Reduction.ts"
import * as Step from "../../src/Step/Step.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Safetensors from "../../src/Tensor/Safetensors.ts"
import { type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as Tree from "../../src/Tensor/Tree.ts"
import { initial } from "../../src/TrainerState.ts"

type Row = Readonly<Record<string, number | ReadonlyArray<number>>>

interface Recorded {
  readonly training_arguments: Readonly<Record<string, unknown>>
  readonly decay_parameters: ReadonlyArray<string>
  readonly micro_batches: ReadonlyArray<ReadonlyArray<number>>
  readonly steps: ReadonlyArray<{ readonly loss: number; readonly lr: number; readonly grad_norm: number }>
  readonly final_evaluate: { readonly eval_loss: number }
  readonly float64_shadow: {
    readonly grad_norms: ReadonlyArray<number>
    readonly max_abs_loss_difference: number
    readonly final_weight_difference_by_tensor: Readonly<Record<string, number>>
  }
}

export interface Trajectory {
  readonly model: (config?: Transformers.Config) => Transformer
  readonly weights: HostTensor.HostTensors
  readonly json: <A>(name: string) => A
  readonly safetensors: (name: string) => HostTensor.HostTensors
  readonly batch: (set: "train" | "eval", rows: ReadonlyArray<number>, without?: ReadonlyArray<string>) => HostTensor.HostTensors
}

export const open = (name: string, checkpoint = "init_checkpoint", home = new URL("./trajectories/", import.meta.url)): Trajectory => {
  const folder = new URL(`${name}/`, home)
  const json = <A>(file: string) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as A
  const safetensors = (file: string) => Safetensors.decode(readFileSync(new URL(file, folder))).tensors
  const data = json<Readonly<Record<"train" | "eval", ReadonlyArray<Row>>>>("dataset.json")
  return {
    json,
    safetensors,
    weights: safetensors(`${checkpoint}/model.safetensors`),
    model: (more = {}) => Result.getOrThrow(Transformers.make({ ...json<Transformers.Config>(`${checkpoint}/config.json`), ...more })),
    batch: (set, rows, without = []) => {
      const picked = rows.map((row) => data[set][row]!)
      const columns = Object.keys(picked[0]!).filter((column) => !without.includes(column))
      return Object.fromEntries(columns.map((column) => [column, HostTensor.fromArray(picked.map((row) => row[column]!), "int32")]))
    }
  }
}

/** Whose gradient norms are held to the recorded ones alone. */
const firstSteps = 5

/** The outputs of a pass without training. */
export const forward = Effect.fnUntraced(function* (
  model: Model,
  weights: HostTensor.HostTensors,
  batch: HostTensor.HostTensors,
  reduction: Reduction.Reduction = Reduction.perMicroBatch
) {
  const device = yield* Device
  expect(model.validate?.(batch)).toBeUndefined()
  const outputs = yield* device.run("forward", () => {
    const { loss, outputs } = model.apply(HostTensor.toDevice(weights), HostTensor.toDevice(batch), { training: false, key: Key.make(0), buffers: {} })
    return { ...outputs, ...(loss === undefined ? {} : { loss: reduction.evaluate(loss, 1).sum }) }
  })
  const host = yield* device.read(outputs as Tensors)
  yield* device.dispose(outputs as Tensors)
  return host
})

export const expectClose = (found: HostTensor.HostTensor, expected: unknown, what: string, within = 1e-5): void => {
  const flat = (expected as ReadonlyArray<unknown>).flat ? ((expected as ReadonlyArray<unknown>).flat(Infinity) as ReadonlyArray<number>) : [expected as number]
  expect(found.data.length, what).toBe(flat.length)
  flat.forEach((value, i) => {
    if (!(Math.abs(found.data[i]! - value) <= within)) expect.fail(`${what}[${i}] is ${found.data[i]} and not ${value}`)
  })
}

/** The largest difference of each tensor's elements. */
const differences = (found: HostTensor.HostTensors, expected: HostTensor.HostTensors): Record<string, number> => {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort())
  return Tree.map(expected, ({ data }, path) =>
    Array.from(data).reduce((worst: number, value, i) => Math.max(worst, Math.abs(found[path]!.data[i]! - value)), 0)
  )
}
const expectWithin = (found: Record<string, number>, bound: (path: string) => number) => {
  for (const [path, difference] of Object.entries(found)) expect(difference, path).toBeLessThanOrEqual(bound(path))
}

/**
 * Replays a run: its arguments make the optimizer and the learning rates, its micro-batches are the recorded ones.
 */
export const replay = Effect.fnUntraced(function* (trajectory: Trajectory, variant: string, options: { readonly reduction?: Reduction.Reduction; readonly wholeBatches?: boolean } = {}) {
  const device = yield* Device
  const golden = trajectory.json<Recorded>(`${variant}.json`)
  // What generates tells nothing of how it is trained.
  const { predict_with_generate, generation_max_length, generation_num_beams, ...trained } = golden.training_arguments
  const args = Result.getOrThrow(Result.flatMap(Arguments.fromJson(trained), ({ input }) => Arguments.make(input)))
  const { gradientAccumulationSteps: accumulation, labelSmoothingFactor: factor, maxGradNorm } = args
  const size = trajectory.json<{ readonly train: ReadonlyArray<unknown> }>("dataset.json").train.length
  const batchesPerEpoch = Math.ceil(size / args.perDeviceTrainBatchSize)
  const plan = Result.getOrThrow(Compile.plan(args, { batchesPerEpoch, sets: ["eval"] }))
  const reduction = options.reduction ?? Reduction.trainer
  const plain = trajectory.model()
  const model = factor > 0 ? LabelSmoothing.around(plain, { factor }) : plain
  const optimizer = Compile.optimizer(args)

  /** The micro-batches of each update: accumulation does not cross an epoch. */
  const updates: Array<ReadonlyArray<ReadonlyArray<number>>> = []
  for (let at = 0; at < golden.micro_batches.length; ) {
    const left = batchesPerEpoch - (at % batchesPerEpoch)
    const next = golden.micro_batches.slice(at, at + Math.min(accumulation, left))
    updates.push(next)
    at += next.length
  }
  expect(updates).toHaveLength(golden.steps.length)

  // Recorded after the first micro-batch, as the Trainer scales it, before clipping.
  const start = yield* device.put(trajectory.weights)
  const first = yield* device.run("first gradients", () => {
    const gradient = Gradient.accumulate(Gradient.make({ model, reduction }))
    const batches = updates[0]!.map((rows) => HostTensor.toDevice(trajectory.batch("train", rows)))
    const { gradients } = gradient({ parameters: start, buffers: {} }, batches.slice(0, 1), [Key.make(0)])
    const { loss } = gradient({ parameters: start, buffers: {} }, batches, batches.map(() => Key.make(0)))
    return Tree.map(gradients, (tensor) => tf.div(tensor, loss.count))
  })
  expectWithin(differences(yield* device.read(first), trajectory.safetensors(`${variant}.first_grads.safetensors`)), () => 2e-6)
  yield* device.dispose(first)

  const step = Step.make({ model, optimizer, reduction, maxGradNorm })
  let weights: Step.Output["weights"] = { parameters: start, buffers: {}, slots: yield* device.run("slots", () => optimizer.init(start)) }
  const { grad_norms, max_abs_loss_difference, final_weight_difference_by_tensor } = golden.float64_shadow
  const { tensors } = yield* device.memory
  for (const [n, recorded] of golden.steps.entries()) {
    const learningRate = plan.learningRate({ ...initial, step: n }, plan.horizon)
    expect(Math.abs(learningRate - recorded.lr), `learning rate of step ${n + 1}`).toBeLessThanOrEqual(1e-12)
    const output = yield* device.run("step", () => {
      const batches = updates[n]!.map((rows) => HostTensor.toDevice(trajectory.batch("train", rows)))
      const scalars = Tree.map(optimizer.scalars({ step: n, learningRate }), (value) => tf.scalar(value))
      return step({ weights, batches, keys: batches.map(() => Key.make(n)), scalars })
    })
    for (const old of [weights.parameters, weights.slots]) yield* device.dispose(old)
    const { weights: next, ...figures } = output
    weights = next
    const { loss, gradNorm } = Tree.map(yield* device.read(figures), ({ data }) => data[0]!)
    yield* device.dispose(figures)
    expect(Math.abs(loss! - recorded.loss), `loss of step ${n + 1}`).toBeLessThanOrEqual(Math.max(10 * max_abs_loss_difference, 1e-5))
    // Late in a run float32 rounding moves norms further, the recorded ones too: then that of the same run in float64 will do.
    const norms = n < firstSteps ? [recorded.grad_norm] : [recorded.grad_norm, grad_norms[n]!]
    const normDifference = Math.min(...norms.map((norm) => Math.abs(gradNorm! - norm)))
    expect(normDifference, `norm of step ${n + 1}`).toBeLessThanOrEqual(1e-4 * recorded.grad_norm)
    expect((yield* device.memory).tensors).toBe(tensors)
    if (n === 0) {
      const bound = (path: string) => Math.max(10 * final_weight_difference_by_tensor[path]!, 5e-6)
      expectWithin(differences(yield* device.read(weights.parameters), trajectory.safetensors(`${variant}.after_step1.safetensors`)), bound)
    }
  }
  const final = yield* device.read(weights.parameters)
  expectWithin(differences(final, trajectory.safetensors(`${variant}.final.safetensors`)), (path) =>
    Math.max(10 * final_weight_difference_by_tensor[path]!, 5e-6)
  )

  // The evaluation after the last step: batch means, weighted by rows, or in Seq2SeqTrainer all alike: it keeps what fills the last batch.
  const rows = trajectory.json<{ readonly eval: ReadonlyArray<unknown> }>("dataset.json").eval.map((_, row) => row)
  let [sum, count] = [0, 0]
  for (let at = 0; at < rows.length; at += args.perDeviceEvalBatchSize) {
    const own = rows.slice(at, at + args.perDeviceEvalBatchSize)
    const { loss } = yield* forward(model, final, trajectory.batch("eval", own), reduction)
    const weight = options.wholeBatches === true ? 1 : own.length
    sum += loss!.data[0]! * weight
    count += weight
  }
  expect(Math.abs(sum / count - golden.final_evaluate.eval_loss), "eval_loss").toBeLessThanOrEqual(Math.max(10 * max_abs_loss_difference, 2e-5))
  for (const old of [weights.parameters, weights.slots]) yield* device.dispose(old)
  expect((yield* device.memory).tensors).toBe(0)
})
