/** Compares src/TensorFlowFixes/wasm with the unmodified backend on a small CNN (28 x 28, batch 64). Run it with `node bench/wasm-cnn.ts [rounds]`. */
import { fileURLToPath } from "node:url"
import * as HostTensor from "../src/Tensor/HostTensor.ts"
import * as Init from "../src/Tensor/Init.ts"
import * as Key from "../src/Tensor/Key.ts"
import * as Random from "../src/Tensor/Random.ts"
import { type Tensor, tf } from "../src/Tensor/Tensor.ts"
import { run } from "./wasm-pair.ts"

const batch = 64
const shapes = { c1: [3, 3, 1, 8], c2: [3, 3, 8, 16], d1: [7 * 7 * 16, 64], d2: [64, 10] }

await run(fileURLToPath(import.meta.url), {
  target: 20,
  weights: () =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, Init.heNormal(Key.fold(Key.make(0), name), shape)])),
  batch: () => ({
    x: Random.uniform(Key.make(1), [batch, 28, 28, 1]),
    y: HostTensor.make(
      "int32",
      [batch],
      Random.permutation(Key.make(2), batch).map((i) => i % 10)
    )
  }),
  loss: (w, { x, y }) => {
    const convolution = (input: Tensor, filter: Tensor) =>
      tf.maxPool(tf.relu(tf.conv2d(input as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")), 2, 2, "valid")
    const features = convolution(convolution(x!, w.c1!), w.c2!)
    const hidden = tf.relu(tf.matMul(tf.reshape(features, [batch, -1]), w.d1!))
    return tf.losses.softmaxCrossEntropy(tf.oneHot(y as tf.Tensor1D, 10), tf.matMul(hidden, w.d2!))
  }
})
