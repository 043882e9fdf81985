/** The training steps that bench/wasm.ts measures: BERT and GPT-2 of four layers of 256, a convolutional network, a multilayer perceptron. */
import { Effect, Result } from "effect"
import { Device } from "../src/Layer/Device/Device.ts"
import * as Conv2d from "../src/Model/Conv2d.ts"
import * as Dense from "../src/Model/Dense.ts"
import * as Loss from "../src/Model/Loss.ts"
import * as Model from "../src/Model/Model.ts"
import * as Parameters from "../src/Model/Parameters.ts"
import * as Pool from "../src/Model/Pool.ts"
import * as Transformers from "../src/Model/Transformers.ts"
import * as Optimizers from "../src/Optimizer/Optimizers.ts"
import * as Step from "../src/Step/Step.ts"
import * as HostTensor from "../src/Tensor/HostTensor.ts"
import * as Key from "../src/Tensor/Key.ts"
import * as Random from "../src/Tensor/Random.ts"
import { tf } from "../src/Tensor/Tensor.ts"
import type { Weights } from "../src/Tensor/Weights.ts"

interface Program {
  readonly model: Model.Model
  readonly batch: HostTensor.HostTensors
}

const integers = (shape: ReadonlyArray<number>, below: number): HostTensor.HostTensor => {
  const { data } = Random.uniform(Key.make(below), shape)
  return HostTensor.make(
    "int32",
    shape,
    Int32Array.from(data as Float32Array, (x) => 1 + Math.floor(x * (below - 1)))
  )
}
const floats = (shape: ReadonlyArray<number>) => Random.uniform(Key.make(1), shape)

const transformer = (config: Record<string, unknown>) => Result.getOrThrow(Transformers.make(config as never))

const programs = {
  bert: (): Program => ({
    model: transformer({
      architectures: ["BertForSequenceClassification"],
      model_type: "bert",
      vocab_size: 30522,
      hidden_size: 256,
      num_hidden_layers: 4,
      num_attention_heads: 4,
      intermediate_size: 1024,
      num_labels: 2
    }),
    batch: {
      input_ids: integers([16, 128], 30000),
      attention_mask: HostTensor.ones([16, 128], "int32"),
      token_type_ids: HostTensor.zeros([16, 128], "int32"),
      labels: integers([16], 2)
    }
  }),
  gpt2: (): Program => {
    const ids = integers([8, 128], 8192)
    return {
      model: transformer({
        architectures: ["GPT2LMHeadModel"],
        model_type: "gpt2",
        vocab_size: 8192,
        n_positions: 128,
        n_embd: 256,
        n_layer: 4,
        n_head: 4,
        bos_token_id: 0,
        eos_token_id: 0
      }),
      batch: { input_ids: ids, attention_mask: HostTensor.ones([8, 128], "int32"), labels: ids }
    }
  },
  cnn: (): Program => ({
    model: Model.make({
      inputs: ["x"],
      labels: ["labels"],
      init: Parameters.make({
        conv1: Conv2d.init({ inputs: 1, outputs: 16, kernel: 3 }),
        conv2: Conv2d.init({ inputs: 16, outputs: 32, kernel: 3 }),
        fc1: Dense.init({ inputs: 1568, outputs: 64 }),
        fc2: Dense.init({ inputs: 64, outputs: 10 })
      }),
      forward: (p, { x }) => {
        const first = Pool.max(tf.relu(Conv2d.apply(p, "conv1", x!)), 2)
        const second = Pool.max(tf.relu(Conv2d.apply(p, "conv2", first)), 2)
        const flat = tf.reshape(second, [second.shape[0]!, 1568])
        return { logits: Dense.apply(p, "fc2", tf.relu(Dense.apply(p, "fc1", flat))) }
      },
      loss: ({ logits }, { labels }) => Loss.crossEntropy(logits!, labels!)
    }),
    batch: { x: floats([64, 28, 28, 1]), labels: integers([64], 10) }
  }),
  mlp: (): Program => ({
    model: Model.make({
      inputs: ["x"],
      labels: ["labels"],
      init: Parameters.make({ fc1: Dense.init({ inputs: 64, outputs: 128 }), fc2: Dense.init({ inputs: 128, outputs: 10 }) }),
      forward: (p, { x }) => ({ logits: Dense.apply(p, "fc2", tf.relu(Dense.apply(p, "fc1", x!))) }),
      loss: ({ logits }, { labels }) => Loss.crossEntropy(logits!, labels!)
    }),
    batch: { x: floats([32, 64]), labels: integers([32], 10) }
  })
}

export type Name = keyof typeof programs
export const names = Object.keys(programs) as ReadonlyArray<Name>

/** Returns a function that makes one update and returns its time; weights move on from call to call. **Unit**: ms. */
export const stepper = Effect.fnUntraced(function* (name: Name) {
  const device = yield* Device
  const { model, batch } = programs[name]()
  const root = Key.make(42)
  const optimizer = Optimizers.adamw({ weightDecay: 0 })
  const step = Step.make({ model, optimizer, maxGradNorm: 1 })
  const initial = model.init(root)
  const parameters = yield* device.put(initial)
  const slots = yield* device.run("init", () => optimizer.init(parameters))
  let weights: Weights = { parameters, buffers: {}, slots }
  let n = 0
  return () => {
    const start = performance.now()
    const numbers = optimizer.scalars({ step: n, learningRate: 5e-5 })
    const output = tf.tidy(() => {
      const scalars = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)]))
      return step({ weights, keys: [Key.fold(root, n)], batches: [HostTensor.toDevice(batch)], scalars }) as never
    }) as Step.Output
    for (const tensors of Object.values(weights)) tf.dispose(tensors as never)
    weights = output.weights
    tf.dispose([output.loss, output.gradNorm, output.count])
    n++
    return performance.now() - start
  }
})
