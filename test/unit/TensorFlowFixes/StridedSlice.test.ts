import { describe, expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../../src/Layer/Device/Wasm.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

const shape = [4, 5, 3]

/** What a slice does with each axis of the tensor, with new axes in between. */
const axis = (length: number) =>
  fc.oneof(
    fc.record({ kind: fc.constant("all" as const) }),
    fc.record({ kind: fc.constant("index" as const), begin: fc.integer({ min: -length, max: length - 1 }) }),
    fc.record({
      kind: fc.constant("range" as const),
      begin: fc.integer({ min: 0, max: length - 1 }),
      stride: fc.integer({ min: 1, max: 3 })
    })
  )
const slices = fc.record({ axes: fc.tuple(...shape.map(axis)), added: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }) })

for (const [name, device] of [
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const) {
  describe(name, () => {
    layer(device)("stridedSlice", (it) => {
      it.effect("drops and adds axes as slicing one axis after the other does", () =>
        Effect.sync(() =>
          fc.assert(
            fc.property(slices, ({ axes, added }) =>
              tf.tidy(() => {
                const x = tf.reshape(tf.range(0, 60), shape)
                const [begin, end, strides]: [Array<number>, Array<number>, Array<number>] = [[], [], []]
                let [endMask, newAxisMask, shrinkAxisMask] = [0, 0, 0]
                const push = (b: number, e: number, s: number) => {
                  begin.push(b)
                  end.push(e)
                  return 1 << (strides.push(s) - 1)
                }
                let expected: tf.Tensor = x
                const kept: Array<number> = []
                axes.forEach((one, i) => {
                  if (added[i]) {
                    newAxisMask |= push(0, 1, 1)
                    kept.push(1)
                  }
                  const length = shape[i]!
                  if (one.kind === "index") {
                    shrinkAxisMask |= push(one.begin, one.begin + 1, 1)
                    expected = tf.gather(expected, tf.tensor1d([(one.begin + length) % length], "int32"), i)
                  } else {
                    const { begin: from, stride } = one.kind === "range" ? one : { begin: 0, stride: 1 }
                    endMask |= push(from, 0, stride)
                    const indices = Array.from({ length: Math.ceil((length - from) / stride) }, (_, n) => from + n * stride)
                    expected = tf.gather(expected, tf.tensor1d(indices, "int32"), i)
                    kept.push(indices.length)
                  }
                })
                if (added[3]) {
                  newAxisMask |= push(0, 1, 1)
                  kept.push(1)
                }
                const result = tf.stridedSlice(x, begin, end, strides, 0, endMask, 0, newAxisMask, shrinkAxisMask)
                expect(result.shape).toEqual(kept)
                expect([...result.dataSync()]).toEqual([...expected.dataSync()])
              })
            )
          )
        )
      )
      it.effect("refuses an index that is out of range", () =>
        Effect.sync(() => {
          expect(() => tf.stridedSlice(tf.ones([2, 3]), [0, 3], [2, 4], [1, 1], 0, 0, 0, 0, 2)).toThrow(
            /index 3 is out of range for axis 1/
          )
        })
      )
      it.effect("expands an ellipsis before a dropped axis", () =>
        Effect.sync(() => {
          const x = tf.reshape(tf.range(0, 60), shape)
          const result = tf.stridedSlice(x, [0, 4, 0], [0, 5, 2], [1, 1, 2], 0, 0, 1, 0, 2)
          expect(result.shape).toEqual([4, 1])
          expect([...result.dataSync()]).toEqual([12, 27, 42, 57])
        })
      )
    })
  })
}
