import "@tensorflow/tfjs-backend-cpu"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as GaussianNoise from "../../../src/Model/GaussianNoise.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const context = (training: boolean, seed = 0) => ({ training, key: Key.make(seed), buffers: {} })

it("adds keyed noise of the deviation asked for while training, and none otherwise", () => {
  tf.tidy(() => {
    const x = tf.fill([4000], 3)
    const noisy = GaussianNoise.apply(context(true), "a", x, 0.5).dataSync<"float32">()
    const mean = noisy.reduce((sum, value) => sum + value, 0) / 4000
    const deviation = Math.sqrt(noisy.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4000)
    expect(Math.abs(mean - 3)).toBeLessThan(0.05)
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.03)
    expect(GaussianNoise.apply(context(true), "a", x, 0.5).dataSync()).toEqual(noisy)
    expect(GaussianNoise.apply(context(true), "b", x, 0.5).dataSync()).not.toEqual(noisy)
    expect(GaussianNoise.apply(context(true, 1), "a", x, 0.5).dataSync()).not.toEqual(noisy)
    expect(GaussianNoise.apply(context(false), "a", x, 0.5)).toBe(x)
  })
})
