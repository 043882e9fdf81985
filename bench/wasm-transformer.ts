/**
 * Compares src/TensorFlowFixes/wasm with the unmodified backend on a transformer block without embedding (hidden 256, 4 heads, feed-forward 1024, length 64, batch 8).
 * Run it with `node bench/wasm-transformer.ts [rounds]`.
 */
import { fileURLToPath } from "node:url"
import * as HostTensor from "../src/Tensor/HostTensor.ts"
import * as Init from "../src/Tensor/Init.ts"
import * as Key from "../src/Tensor/Key.ts"
import * as Random from "../src/Tensor/Random.ts"
import { type Tensor, tf } from "../src/Tensor/Tensor.ts"
import { run } from "./wasm-pair.ts"

const [batch, length, hidden, heads, inner] = [8, 64, 256, 4, 1024]
const matrices = {
  query: [hidden, hidden],
  key: [hidden, hidden],
  value: [hidden, hidden],
  out: [hidden, hidden],
  up: [hidden, inner],
  down: [inner, hidden]
}

await run(fileURLToPath(import.meta.url), {
  target: 10,
  weights: () => ({
    ...Object.fromEntries(
      Object.entries(matrices).map(([name, shape]) => [name, Init.glorotNormal(Key.fold(Key.make(0), name), shape)])
    ),
    gain1: HostTensor.ones([hidden]),
    gain2: HostTensor.ones([hidden]),
    bias: HostTensor.zeros([inner])
  }),
  batch: () => ({
    x: Random.normal(Key.make(1), [batch, length, hidden]),
    y: Random.normal(Key.make(2), [batch, length, hidden])
  }),
  loss: (w, { x, y }) => {
    const normalised = (t: Tensor, gain: Tensor) => {
      const { mean, variance } = tf.moments(t, -1, true)
      return tf.mul(tf.mul(tf.sub(t, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain)
    }
    const split = (t: Tensor) => tf.transpose(tf.reshape(t, [batch, length, heads, hidden / heads]), [0, 2, 1, 3])
    const n = normalised(x!, w.gain1!)
    const [q, k, v] = [w.query!, w.key!, w.value!].map((matrix) => split(tf.matMul(n, matrix))) as [Tensor, Tensor, Tensor]
    const scores = tf.softmax(tf.div(tf.matMul(q, k, false, true), Math.sqrt(hidden / heads)))
    const mixed = tf.reshape(tf.transpose(tf.matMul(scores, v), [0, 2, 1, 3]), [batch, length, hidden])
    const attended = tf.add(x!, tf.matMul(mixed, w.out!))
    const up = tf.add(tf.matMul(normalised(attended, w.gain2!), w.up!), w.bias!)
    const gelu = tf.mul(tf.mul(up, 0.5), tf.add(tf.erf(tf.mul(up, Math.SQRT1_2)), 1))
    return tf.mean(tf.square(tf.sub(tf.add(attended, tf.matMul(gelu, w.down!)), y!)))
  }
})
