/** The device on engines without SIMD, or without relaxed SIMD alone: it computes, and reports which kernels it runs. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Device } from "../../../../src/Layer/Device/Device.ts"
import * as Wasm from "../../../../src/Layer/Device/Wasm.ts"
import * as FusedKernel from "../../../../src/Tensor/FusedKernel.ts"
import { tf } from "../../../../src/Tensor/Tensor.ts"

const engine = (globalThis as unknown as { readonly WebAssembly: { validate: (bytes: Uint8Array) => boolean } }).WebAssembly

describe("Device wasm without SIMD", () => {
  it.effect("runs TensorFlow.js's kernels, and then those of plain SIMD when the engine has it", () =>
    Effect.gen(function* () {
      const { validate } = engine
      const product = Effect.gen(function* () {
        const device = yield* Device
        const fused = yield* device.run("test", () => FusedKernel.has("GlobalNorm"))
        const { y } = yield* device.run("test", () => ({ y: tf.matMul(tf.ones([3, 5]), tf.ones([5, 2])) }))
        const { y: values } = yield* device.read({ y: y! })
        yield* device.dispose({ y: y! })
        return { variant: device.variant, fused, values: [...values!.data] }
      })
      const on = Effect.scoped(Effect.provide(product, Wasm.layer, { local: true }))
      try {
        engine.validate = () => false
        expect(yield* on).toEqual({ variant: "stock", fused: false, values: [5, 5, 5, 5, 5, 5] })
        // Relaxed SIMD is the first module of the two that are tried.
        let asked = 0
        engine.validate = (bytes) => ++asked > 1 && validate(bytes)
        expect(yield* on).toEqual({ variant: "simd", fused: true, values: [5, 5, 5, 5, 5, 5] })
        engine.validate = validate
        expect((yield* on).variant).toBe("simd") // bound for good
      } finally {
        engine.validate = validate
      }
    })
  )
})
