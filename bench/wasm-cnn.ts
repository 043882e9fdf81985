/**
 * What the kernel pack is worth: one training step of a small CNN (28 x 28, batch 64) on our wasm, and on TensorFlow.js's wasm with the
 * kernels that it lacks taken from cpu. The two run in processes of their own and take turns, so that noise meets both. Unit: ms a step, minima.
 * Run it with `node bench/wasm-cnn.ts [rounds]`.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { Device } from "../src/Layer/Device/Device.ts"
import * as Wasm from "../src/Layer/Device/Wasm.ts"
import { fallBack } from "../src/Layer/Device/wasm/CpuFallback.ts"
import { register, valueAndGrads } from "../src/Tensor/Gradients.ts"
import * as HostTensor from "../src/Tensor/HostTensor.ts"
import * as Init from "../src/Tensor/Init.ts"
import * as Key from "../src/Tensor/Key.ts"
import * as Random from "../src/Tensor/Random.ts"
import { type Tensor, type Tensors, tf } from "../src/Tensor/Tensor.ts"

const batch = 64
const variants = ["pack", "stock"] as const

const initial = (): Tensors => {
  const shapes = { c1: [3, 3, 1, 8], c2: [3, 3, 8, 16], d1: [7 * 7 * 16, 64], d2: [64, 10] }
  return HostTensor.toDevice(
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, Init.heNormal(Key.fold(Key.make(0), name), shape)]))
  )
}

const data = () =>
  HostTensor.toDevice({
    x: Random.uniform(Key.make(1), [batch, 28, 28, 1]),
    y: HostTensor.make(
      "int32",
      [batch],
      Random.permutation(Key.make(2), batch).map((i) => i % 10)
    )
  })

const loss = (w: Tensors, { x, y }: Tensors): Tensor => {
  const convolution = (input: Tensor, filter: Tensor) =>
    tf.maxPool(tf.relu(tf.conv2d(input as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")), 2, 2, "valid")
  const features = convolution(convolution(x!, w.c1!), w.c2!)
  const hidden = tf.relu(tf.matMul(tf.reshape(features, [batch, -1]), w.d1!))
  return tf.losses.softmaxCrossEntropy(tf.oneHot(y as tf.Tensor1D, 10), tf.matMul(hidden, w.d2!))
}

/** Takes a step for each message, and answers with its time and loss. */
const serve = () => {
  let weights = initial()
  const inputs = data()
  process.on("message", () => {
    const start = performance.now()
    const { value, next } = tf.tidy(() => {
      const { loss: value, gradients } = valueAndGrads((w) => ({ loss: loss(w, inputs), aux: {} }), weights)
      return {
        value,
        next: Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, tf.sub(w, tf.mul(gradients[name]!, 0.01))]))
      }
    })
    tf.dispose(Object.values(weights))
    weights = next
    const [found] = value.dataSync()
    value.dispose()
    process.send?.({ ms: performance.now() - start, loss: found })
  })
  process.on("disconnect", () => process.exit())
  process.send?.("ready")
}

const startStock = async () => {
  tf.enableProdMode()
  await Promise.all([import("@tensorflow/tfjs-backend-cpu"), import("@tensorflow/tfjs-backend-wasm")])
  await tf.setBackend("wasm")
  register()
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) if (tf.getKernel(kernelName, "wasm") == null) fallBack(kernelName)
}

const main = async (rounds: number) => {
  const children = variants.map((name) => ({
    name,
    child: fork(fileURLToPath(import.meta.url), [name]),
    best: Number.POSITIVE_INFINITY,
    loss: 0
  }))
  await Promise.all(children.map(({ child }) => once(child, "message")))
  for (let round = 0; round < rounds; round++) {
    for (const it of children) {
      it.child.send("step")
      const [answer] = (await once(it.child, "message")) as [{ ms: number; loss: number }]
      it.best = Math.min(it.best, answer.ms)
      it.loss = answer.loss
    }
  }
  for (const { name, best, loss, child } of children) {
    console.log(`${name.padEnd(6)} ${best.toFixed(1).padStart(8)} ms/step   loss after ${rounds} steps ${loss.toFixed(6)}`)
    child.kill()
  }
}

const [, , mode] = process.argv
if (mode === "pack") {
  await Effect.runPromise(
    Effect.provide(
      Device.use(() => Effect.andThen(Effect.sync(serve), Effect.never)),
      Wasm.layer
    )
  )
} else if (mode === "stock") {
  await startStock()
  serve()
} else await main(Number(mode ?? 4))
