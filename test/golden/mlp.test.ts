/** Runs of the real Trainer on a small network, replayed through Step: losses, gradient norms, first gradients and weights. */
import "@tensorflow/tfjs-backend-cpu"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Dense from "../../src/Model/Dense.ts"
import * as Model from "../../src/Model/Model.ts"
import * as Parameters from "../../src/Model/Parameters.ts"
import * as Optimizers from "../../src/Optimizer/Optimizers.ts"
import * as Gradient from "../../src/Step/Gradient.ts"
import * as Loss from "../../src/Model/Loss.ts"
import * as Reduction from "../../src/Step/Reduction.ts"
import * as Step from "../../src/Step/Step.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as Tree from "../../src/Tensor/Tree.ts"

interface Dataset {
  readonly train: { readonly x: ReadonlyArray<ReadonlyArray<number>>; readonly y: ReadonlyArray<number> }
}
interface Trajectory {
  readonly training_arguments: {
    readonly gradient_accumulation_steps: number
    readonly max_grad_norm: number
    readonly optim: string
    readonly weight_decay: number
  }
  readonly decay_parameters: ReadonlyArray<string>
  readonly micro_batches: ReadonlyArray<ReadonlyArray<number>>
  readonly steps: ReadonlyArray<{ readonly loss: number; readonly lr: number; readonly grad_norm: number; readonly micro_losses: ReadonlyArray<number> }>
  readonly float64_shadow: {
    readonly max_abs_loss_difference: number
    readonly final_weight_difference_by_tensor: Readonly<Record<string, number>>
  }
}

const folder = new URL("./trajectories/mlp_digits/", import.meta.url)
const json = <A>(name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as A
const safetensors = (name: string): HostTensor.HostTensors => {
  const bytes = readFileSync(new URL(name, folder))
  const start = 8 + Number(bytes.readBigUInt64LE())
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<string, { shape: Array<number>; data_offsets: [number, number] }>
  return Object.fromEntries(
    Object.entries(header)
      .filter(([path]) => path !== "__metadata__")
      .map(([path, { shape, data_offsets: [from, to] }]) => {
        const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to))
        return [path, { dtype: "float32", shape, data }]
      })
  )
}

const dataset = json<Dataset>("dataset.json")
const batchOf = (rows: ReadonlyArray<number>): Tensors => ({
  x: tf.tensor2d(rows.map((row) => dataset.train.x[row]!.map((pixel) => pixel / 16))),
  labels: tf.tensor1d(rows.map((row) => dataset.train.y[row]!), "int32")
})

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ fc1: Dense.init({ inputs: 64, outputs: 32 }), fc2: Dense.init({ inputs: 32, outputs: 10 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "fc2", tf.relu(Dense.apply(p, "fc1", x))) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

/** The largest difference of each tensor's elements. */
const differences = (found: Tensors, expected: HostTensor.HostTensors): Record<string, number> =>
  Tree.map(expected, ({ data }, path) => {
    const numbers = found[path]!.dataSync()
    return Array.from(data).reduce((worst, value, i) => Math.max(worst, Math.abs(numbers[i]! - value)), 0)
  })
const expectWithin = (found: Record<string, number>, bound: (path: string) => number) => {
  for (const [path, difference] of Object.entries(found)) expect(difference, path).toBeLessThanOrEqual(bound(path))
}

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

describe.each(["adamw_linear", "sgd_cosine", "adamw_ga3_drop_last", "adafactor_constant"])("mlp_digits/%s", (variant) => {
  const golden = json<Trajectory>(`${variant}.json`)
  const { gradient_accumulation_steps: accumulation, max_grad_norm, optim, weight_decay } = golden.training_arguments
  const decay = { weightDecay: weight_decay, decays: (path: string) => golden.decay_parameters.includes(path) }
  const optimizer =
    optim === "sgd"
      ? Optimizers.sgd(decay)
      : optim === "adafactor"
        ? Optimizers.adafactor({ ...decay, relativeStep: false, scaleParameter: false })
        : Optimizers.adamw(decay)

  /** The micro-batches of each update: accumulation does not cross an epoch. */
  const perEpoch = golden.micro_batches.length / 2
  const updates = [0, 1].flatMap((epoch) => {
    const micro = golden.micro_batches.slice(epoch * perEpoch, (epoch + 1) * perEpoch)
    return Array.from({ length: Math.ceil(perEpoch / accumulation) }, (_, i) => micro.slice(i * accumulation, (i + 1) * accumulation))
  })

  it("has the recorded gradients at the first step", () => {
    tf.tidy(() => {
      const gradient = Gradient.accumulate(Gradient.make({ model, reduction: Reduction.trainer }))
      // Recorded after the first micro-batch, as the Trainer scales it: divided by the accumulation, before clipping.
      const batches = updates[0]!.slice(0, 1).map(batchOf)
      const parameters = HostTensor.toDevice(safetensors("initial.safetensors"))
      const { gradients } = gradient({ parameters, buffers: {} }, batches, [Key.make(0)])
      const scaled = Tree.map(gradients, (tensor) => tf.div(tensor, accumulation))
      expectWithin(differences(scaled, safetensors(`${variant}.first_grads.safetensors`)), () => 1e-7)
    })
  })

  it("follows the recorded losses, norms and weights", () => {
    const step = Step.make({ model, optimizer, reduction: Reduction.trainer, maxGradNorm: max_grad_norm })
    const { max_abs_loss_difference, final_weight_difference_by_tensor } = golden.float64_shadow
    expect(updates).toHaveLength(golden.steps.length)
    const parameters = HostTensor.toDevice(safetensors("initial.safetensors"))
    let weights: Step.Output["weights"] = { parameters, buffers: {}, slots: tf.tidy(() => optimizer.init(parameters)) }
    const tensors = tf.memory().numTensors
    for (const [n, recorded] of golden.steps.entries()) {
      const output = tf.tidy(() => {
        const batches = updates[n]!.map(batchOf)
        const scalars = Tree.map(optimizer.scalars({ step: n, learningRate: recorded.lr }), (value) => tf.scalar(value))
        const { weights: next, ...figures } = step({ weights, batches, keys: batches.map(() => Key.make(n)), scalars })
        return { next: { ...next }, figures }
      })
      tf.dispose([weights.parameters, weights.buffers, weights.slots])
      weights = output.next
      const { loss, gradNorm: norm, count } = Tree.map(output.figures, (figure) => figure.dataSync()[0]!) as Record<"loss" | "gradNorm" | "count", number>
      tf.dispose(output.figures)
      expect(Math.abs(loss - recorded.loss), `loss of step ${n + 1}`).toBeLessThanOrEqual(Math.max(10 * max_abs_loss_difference, 1e-5))
      expect(Math.abs(norm - recorded.grad_norm), `norm of step ${n + 1}`).toBeLessThanOrEqual(1e-4 * recorded.grad_norm)
      expect(count).toBe(updates[n]!.flat().length)
      expect(tf.memory().numTensors).toBe(tensors)
      if (n === 0) expectWithin(differences(weights.parameters, safetensors(`${variant}.after_step1.safetensors`)), () => 5e-6)
    }
    const final = differences(weights.parameters, safetensors(`${variant}.final.safetensors`))
    expectWithin(final, (path) => Math.max(10 * final_weight_difference_by_tensor[path]!, 5e-6))
    tf.dispose([weights.parameters, weights.buffers, weights.slots])
  })
})
