/**
 * Runs a training step on our wasm, and on TensorFlow.js's unmodified wasm with the kernels that it lacks taken from the unmodified cpu. The two run in
 * separate processes and take turns, so that noise affects both. Unit: ms a step, minima.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { Effect } from "effect"
import { Device } from "../src/Layer/Device/Device.ts"
import * as Wasm from "../src/Layer/Device/Wasm.ts"
import { register, valueAndGrads } from "../src/Tensor/Gradients.ts"
import * as HostTensor from "../src/Tensor/HostTensor.ts"
import { type Tensor, type Tensors, tf } from "../src/Tensor/Tensor.ts"
import { fallBack } from "../src/TensorFlowFixes/wasm/CpuFallback.ts"

export interface Workload {
  readonly weights: () => HostTensor.HostTensors
  readonly batch: () => HostTensor.HostTensors
  readonly loss: (weights: Tensors, batch: Tensors) => Tensor
  /** The required speed-up. */
  readonly target: number
}

/** Runs the program's role: `node <file> [rounds]` is the parent, and it starts `node <file> pack` and `node <file> stock`. */
export const run = async (file: string, workload: Workload): Promise<void> => {
  const [, , mode] = process.argv
  if (mode === "pack") {
    const served = Device.use(() =>
      Effect.andThen(
        Effect.sync(() => serve(workload)),
        Effect.never
      )
    )
    await Effect.runPromise(Effect.provide(served, Wasm.layer))
  } else if (mode === "stock") {
    await startStock()
    serve(workload)
  } else await race(file, Number(mode ?? 4), workload.target)
}

const startStock = async () => {
  tf.enableProdMode()
  await Promise.all([import("@tensorflow/tfjs-backend-cpu"), import("@tensorflow/tfjs-backend-wasm")])
  await tf.setBackend("wasm")
  register()
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) if (tf.getKernel(kernelName, "wasm") == null) fallBack(kernelName)
}

/** Takes a step for each message, and answers with its time and loss. */
const serve = (workload: Workload) => {
  let weights = HostTensor.toDevice(workload.weights())
  const batch = HostTensor.toDevice(workload.batch())
  process.on("message", () => {
    const start = performance.now()
    const { value, next } = tf.tidy(() => {
      const { loss: value, gradients } = valueAndGrads((w) => ({ loss: workload.loss(w, batch), aux: {} }), weights)
      const moved = Object.entries(weights).map(([name, w]) => [name, tf.sub(w, tf.mul(gradients[name]!, 0.01))])
      return { value, next: Object.fromEntries(moved) }
    })
    tf.dispose(Object.values(weights))
    weights = next
    const [loss] = value.dataSync()
    value.dispose()
    process.send?.({ ms: performance.now() - start, loss })
  })
  process.on("disconnect", () => process.exit())
  process.send?.("ready")
}

const race = async (file: string, rounds: number, target: number) => {
  const runners = ["pack", "stock"].map((name) => ({ name, child: fork(file, [name]), best: Number.POSITIVE_INFINITY, loss: 0 }))
  await Promise.all(runners.map(({ child }) => once(child, "message")))
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) {
      runner.child.send("step")
      const [answer] = (await once(runner.child, "message")) as [{ ms: number; loss: number }]
      runner.best = Math.min(runner.best, answer.ms)
      runner.loss = answer.loss
    }
  }
  for (const { name, best, loss, child } of runners) {
    console.log(`${name.padEnd(6)} ${best.toFixed(1).padStart(8)} ms/step   loss after ${rounds} steps ${loss.toFixed(6)}`)
    child.kill()
  }
  const ratio = runners[1]!.best / runners[0]!.best
  console.log(`ratio  ${ratio.toFixed(1).padStart(8)} x (wanted: ${target})`)
  process.exitCode = ratio >= target ? 0 : 1
}
