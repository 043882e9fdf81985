/**
 * A program: central differences of the contract's cases, in float64. It reads `[{ name, inputs, probes }]` and writes the derivative of each
 * case's loss along each probe. Float32Array is float64 here, before TensorFlow.js is loaded, so that its cpu kernels compute in plain JavaScript numbers.
 */
import { readFileSync } from "node:fs"

export interface Probed {
  readonly name: string
  readonly inputs: ReadonlyArray<ReadonlyArray<number>>
  /** Directions in the space of one input. */
  readonly probes: ReadonlyArray<{ readonly input: number; readonly direction: ReadonlyArray<number> }>
}

Object.defineProperty(globalThis, "Float32Array", { value: Float64Array })

const { tf } = await import("../../src/Tensor/Tensor.ts")
const { differentiable, lossOf } = await import("./DeviceCases.ts")
const { install } = await import("../../src/TensorFlowFixes/cpu/Install.ts")

tf.enableProdMode()
await import("@tensorflow/tfjs-backend-cpu")
await tf.setBackend("cpu")
install()

const step = 1e-5
const asked: ReadonlyArray<Probed> = JSON.parse(readFileSync(0, "utf8"))
const answers = asked.map(({ name, inputs, probes }) => {
  const test = differentiable.find((one) => one.name === name)!
  const lossAt = (moved: ReadonlyArray<ReadonlyArray<number>>) =>
    tf.tidy(() => lossOf(test.f(...moved.map((values, i) => tf.tensor([...values], test.inputs[i] as [number])))).dataSync()[0]!)
  return probes.map((probe) => {
    const along = (by: number) =>
      lossAt(inputs.map((values, i) => (i === probe.input ? values.map((x, j) => x + by * (probe.direction[j] ?? 0)) : values)))
    return (along(step) - along(-step)) / (2 * step)
  })
})
process.stdout.write(JSON.stringify(answers))
