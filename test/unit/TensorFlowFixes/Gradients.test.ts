import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { valueAndGrads } from "../../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"
import { type Tensor, tf } from "../../../src/Tensor/Tensor.ts"
import { einsum } from "../../../src/TensorFlowFixes/Einsum.ts"

/** Central differences. The functions here are linear in each input, so they are exact but for rounding. */
const check = (shapes: ReadonlyArray<ReadonlyArray<number>>, f: (...inputs: Array<Tensor>) => Tensor) =>
  Effect.sync(() => {
    const inputs = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, Random.normal(Key.fold(Key.make(6), i), shape)]))
    const loss = (...xs: Array<Tensor>) => {
      const y = f(...xs)
      return tf.sum(tf.mul(y, tf.reshape(tf.sin(tf.range(1, y.size + 1)), y.shape)))
    }
    const at = (values: HostTensor.HostTensors) =>
      tf.tidy(() => loss(...Object.values(HostTensor.toDevice(values))).dataSync()[0]!)
    const on = HostTensor.toDevice(inputs)
    const result = valueAndGrads((x) => ({ loss: loss(...Object.values(x)), aux: {} }), on)
    const gradients = HostTensor.fromDevice(result.gradients)
    tf.dispose([result.loss, ...Object.values(result.gradients), ...Object.values(on)])
    for (const [path, { shape, data }] of Object.entries(inputs)) {
      expect(gradients[path]!.shape).toEqual(shape)
      for (const i of data.keys()) {
        const moved = (by: number) =>
          at({ ...inputs, [path]: { dtype: "float32", shape, data: data.map((x, j) => (j === i ? x + by : x)) } })
        expect(Math.abs((moved(0.25) - moved(-0.25)) / 0.5 - gradients[path]!.data[i]!), `${path}[${i}]`).toBeLessThan(5e-4)
      }
    }
  })

layer(Cpu.layer)("repaired gradients equal finite differences", (it) => {
  it.effect("matMul broadcast right", () =>
    check(
      [
        [3, 2, 4],
        [1, 4, 2]
      ],
      (a, b) => tf.matMul(a, b)
    )
  )
  it.effect("matMul broadcast right, transposed", () =>
    check(
      [
        [3, 2, 4],
        [2, 4]
      ],
      (a, b) => tf.matMul(a, b, false, true)
    )
  )
  it.effect("matMul broadcast right, left transposed", () =>
    check(
      [
        [3, 4, 2],
        [4, 3]
      ],
      (a, b) => tf.matMul(a, b, true)
    )
  )
  it.effect("matMul broadcast left", () =>
    check(
      [
        [2, 4],
        [3, 4, 2]
      ],
      (a, b) => tf.matMul(a, b)
    )
  )
  it.effect("a dilated convolution", () =>
    check(
      [
        [1, 7, 6, 2],
        [3, 2, 2, 3]
      ],
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same", "NHWC", [2, 3])
    )
  )
  it.effect("a dilated depthwise convolution", () =>
    check(
      [
        [1, 6, 6, 2],
        [2, 3, 2, 2]
      ],
      (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid", "NHWC", 2)
    )
  )
  it.effect("tf.einsum", () =>
    check(
      [
        [2, 3, 4],
        [2, 5, 4]
      ],
      (a, b) => tf.einsum("bqd,bkd->bkq", a, b)
    )
  )
  it.effect("tf.einsum with a sum", () => check([[3, 4]], (a) => tf.einsum("ab->b", a)))
  it.effect("regimen's einsum", () =>
    check(
      [
        [2, 3, 4, 5],
        [2, 4, 5, 2]
      ],
      (a, b) => einsum("bxcd,bcdy->ybx", a, b)
    )
  )
  it.effect("regimen's einsum with a label of one operand that is summed", () =>
    check(
      [
        [3, 4],
        [4, 5, 2]
      ],
      (a, b) => einsum("ab,bcd->c", a, b)
    )
  )

  it.effect("broadcast maximum", () =>
    Effect.sync(() =>
      tf.tidy(() => {
        const [a, b] = [
          tf.tensor2d([
            [1, 5],
            [4, 2]
          ]),
          tf.tensor1d([3, 3])
        ]
        const { gradients } = valueAndGrads((x) => ({ loss: tf.sum(tf.maximum(x.a!, x.b!)), aux: {} }), { a, b })
        expect([...gradients.a!.dataSync()]).toEqual([0, 1, 1, 0])
        expect([...gradients.b!.dataSync()]).toEqual([1, 1])
      })
    )
  )
  it.effect("comparisons, which are zero", () =>
    Effect.sync(() =>
      tf.tidy(() => {
        const x = tf.tensor1d([-1, 2])
        const { gradients } = valueAndGrads(
          (p) => ({ loss: tf.sum(tf.where(tf.greater(p.x!, 0), p.x!, tf.mul(p.x!, 3))), aux: {} }),
          { x }
        )
        expect([...gradients.x!.dataSync()]).toEqual([3, 1])
      })
    )
  )
})

layer(Cpu.layer)("einsum", (it) => {
  it.effect.each([
    ["ab,bc", /no output/],
    ["ab,bc,cd->ad", /one or two/],
    ["aab->b", /repeated|one or two/],
    ["ab,bca->c", /do not name the axes/]
  ] as const)("refuses %s", ([equation, message]) =>
    Effect.sync(() => {
      tf.tidy(() => {
        const tensors = (equation.split("->")[0] ?? "")
          .split(",")
          .map((labels) => tf.ones(Array.from({ length: Math.min(labels.length, 2) }, () => 2)))
        expect(() => einsum(equation, ...tensors)).toThrow(message)
      })
    })
  )
})
