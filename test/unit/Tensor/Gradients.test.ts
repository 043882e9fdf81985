import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import { dropout, InvalidRate } from "../../../src/Tensor/Dropout.ts"
import { NoGradient, valueAndGrads } from "../../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"
import { type Tensors, tf } from "../../../src/Tensor/Tensor.ts"

/** Everything that is alive: tensors, the backend's data, and tensors that a failed pass had saved. */
const alive = () => [tf.memory().numTensors, tf.engine().backend.numDataIds(), tf.engine().state.gradientDepth]
const parameters = () => HostTensor.toDevice({ w: HostTensor.fromArray([1, 2, 3]), unused: HostTensor.ones([2, 2]) })

layer(Cpu.layer)("valueAndGrads", (it) => {
  it.effect("returns loss, aux and gradients, and leaks nothing", () =>
    Effect.sync(() => {
      const p = parameters()
      const before = alive()
      const result = valueAndGrads(({ w }) => {
        const square = tf.square(w!)
        return { loss: tf.sum(square), aux: { square, same: w! } }
      }, p)
      expect(result.loss.dataSync()[0]).toBe(14)
      expect([...result.aux.square.dataSync()]).toEqual([1, 4, 9])
      expect([...result.aux.same.dataSync()]).toEqual([1, 2, 3])
      expect([...result.gradients.w!.dataSync()]).toEqual([2, 4, 6])
      tf.dispose([result.loss, ...Object.values(result.aux), ...Object.values(result.gradients)])
      expect([...p.w!.dataSync()]).toEqual([1, 2, 3])
      expect(alive()).toEqual(before)
      tf.dispose(Object.values(p))
    })
  )

  it.effect("returns zeros for a parameter that the loss does not use", () =>
    Effect.sync(() =>
      tf.tidy(() => {
        const { gradients } = valueAndGrads(({ w }) => ({ loss: tf.sum(w!), aux: {} }), parameters())
        expect(HostTensor.fromDevice({ gradient: gradients.unused! }).gradient).toEqual(HostTensor.zeros([2, 2]))
      })
    )
  )

  it.effect("leaks nothing when it throws, in the forward or the backward computation", () =>
    Effect.sync(() => {
      const p = parameters()
      const before = alive()
      const failures: ReadonlyArray<(p: Tensors) => { loss: tf.Tensor; aux: Tensors }> = [
        ({ w }) => {
          tf.mul(tf.square(w!), tf.exp(w!))
          throw new Error("forward")
        },
        ({ w }) => ({ loss: tf.square(w!), aux: {} }),
        () => ({ loss: tf.scalar(1), aux: {} }),
        // TensorFlow.js has no gradient for it, and finds out on the way back.
        ({ w }) => ({
          loss: tf.sum(tf.mul(tf.exp(w!), tf.bincount(tf.tensor1d([0, 1, 2], "int32"), tf.square(w!) as tf.Tensor1D, 3))),
          aux: { w: tf.exp(w!) }
        })
      ]
      for (const f of failures) expect(() => valueAndGrads(f, p)).toThrow()
      expect(() => valueAndGrads(failures[1]!, p)).toThrow(NoGradient)
      expect(() => valueAndGrads(failures[2]!, p)).toThrow(/depends on no parameter/)
      expect(() => valueAndGrads(failures[0]!, {})).toThrow(/no parameters/)
      expect(alive()).toEqual(before)
      tf.dispose(Object.values(p))
    })
  )

  it.effect("can be nested: a gradient of a gradient", () =>
    Effect.sync(() =>
      tf.tidy(() => {
        const { w } = parameters()
        const outer = valueAndGrads(
          (p) => {
            const { gradients } = valueAndGrads((q) => ({ loss: tf.sum(tf.pow(q.w!, 3)), aux: {} }), p)
            return { loss: tf.sum(gradients.w!), aux: {} }
          },
          { w: w! }
        )
        for (const [i, x] of [1, 2, 3].entries()) expect(outer.gradients.w!.dataSync()[i]).toBeCloseTo(6 * x, 4)
      })
    )
  )
})

layer(Cpu.layer)("dropout", (it) => {
  it.effect("drops where the key's uniform number is below the rate, and scales the rest", () =>
    Effect.gen(function* () {
      const device = yield* Device
      const key = Key.make(9)
      const uniform = Random.uniform(key, [40, 50]).data
      const { y } = yield* device.run("test", () => ({ y: dropout(tf.fill([40, 50], 3), 0.25, key) }))
      const expected = Float32Array.from(uniform, (u) => (u < 0.25 ? 0 : 4))
      expect(y.dataSync()).toEqual(expected)
      y.dispose()
    })
  )

  it.effect("propagates the gradient through the elements that are not dropped", () =>
    Effect.sync(() =>
      tf.tidy(() => {
        const { aux, gradients } = valueAndGrads(
          (p) => {
            const y = dropout(p.w!, 0.5, Key.make(1))
            return { loss: tf.sum(y), aux: { y } }
          },
          { w: tf.ones([64]) }
        )
        expect(gradients.w!.dataSync()).toEqual(aux.y.dataSync())
        expect(new Set(aux.y.dataSync())).toEqual(new Set([0, 2]))
      })
    )
  )

  it.effect("is the identity at rate 0, and refuses an invalid rate", () =>
    Effect.sync(() =>
      tf.tidy(() => {
        expect(dropout(tf.tensor1d([1, 2]), 0, Key.make(1)).dataSync()).toEqual(Float32Array.from([1, 2]))
        for (const rate of [1, -0.1, Number.NaN]) expect(() => dropout(tf.ones([1]), rate, Key.make(1))).toThrow(InvalidRate)
      })
    )
  )
})
