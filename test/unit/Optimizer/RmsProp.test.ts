import "@tensorflow/tfjs-backend-cpu"
import { beforeAll, expect, it } from "vitest"
import * as RmsProp from "../../../src/Optimizer/RmsProp.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))

it("adds epsilon after the square root", () => {
  tf.tidy(() => {
    const gradients = { w: tf.scalar(0.5) }
    const slots = { "square_avg.w": tf.scalar(0) }
    const { updates } = RmsProp.scaleByRms({ alpha: 0, epsilon: 0.5 }).update({ gradients, slots, parameters: {}, scalars: {} })
    expect(updates.w!.dataSync()[0]).toBeCloseTo(0.5 / (0.5 + 0.5), 6)
  })
})

it("treats a variance that is negative by rounding as 0", () => {
  tf.tidy(() => {
    const gradients = { w: tf.scalar(1) }
    const slots = { "square_avg.w": tf.scalar(1), "grad_avg.w": tf.scalar(1.5) }
    const { updates } = RmsProp.scaleByRms({ centered: true, epsilon: 0.5 }).update({
      gradients,
      slots,
      parameters: {},
      scalars: {}
    })
    expect(updates.w!.dataSync()[0]).toBe(2)
  })
})
