import { describe, expect, it } from "vitest"
import * as Init from "../../../src/Tensor/Init.ts"
import * as Key from "../../../src/Tensor/Key.ts"

it("counts the fans of dense, convolution and vector weights", () => {
  expect(Init.fansOf([20, 30])).toEqual({ inputs: 20, outputs: 30 })
  expect(Init.fansOf([3, 3, 16, 32])).toEqual({ inputs: 144, outputs: 288 })
  expect(Init.fansOf([7])).toEqual({ inputs: 7, outputs: 7 })
  expect(Init.fansOf([])).toEqual({ inputs: 1, outputs: 1 })
})

const shape = [300, 200]
const stddevOf = (init: Init.Init) => {
  const data = [...init(Key.make(4), shape).data]
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length
  expect(Math.abs(mean)).toBeLessThan(0.002)
  return Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length)
}

describe("the spread", () => {
  it.each([
    ["glorotUniform", Init.glorotUniform, Math.sqrt(2 / 500)],
    ["glorotNormal", Init.glorotNormal, Math.sqrt(2 / 500)],
    ["heUniform", Init.heUniform, Math.sqrt(2 / 300)],
    ["heNormal", Init.heNormal, Math.sqrt(2 / 300)],
    ["lecunUniform", Init.lecunUniform, Math.sqrt(1 / 300)],
    ["lecunNormal", Init.lecunNormal, Math.sqrt(1 / 300)],
    ["normal", Init.normal({ stddev: 0.02 }), 0.02],
    ["truncatedNormal", Init.truncatedNormal({ stddev: 0.02 }), 0.02 * 0.8796]
  ])("of %s is right to 2 %%", (_, init, expected) => {
    expect(Math.abs(stddevOf(init) / expected - 1)).toBeLessThan(0.02)
  })
  it("is bounded for the uniform and the truncated ones", () => {
    const limit = Math.sqrt(6 / 500)
    expect([...Init.glorotUniform(Key.make(4), shape).data].every((x) => Math.abs(x) <= limit)).toBe(true)
    expect(
      [...Init.truncatedNormal({ mean: 1, stddev: 0.1 })(Key.make(4), shape).data].every((x) => Math.abs(x - 1) <= 0.2001)
    ).toBe(true)
  })
})

it("fills with zeros, ones and a constant", () => {
  expect(Init.zeros(Key.make(0), [2])).toEqual({ dtype: "float32", shape: [2], data: new Float32Array(2) })
  expect([...Init.constant(3)(Key.make(0), [2]).data]).toEqual([3, 3])
  expect([...Init.ones(Key.make(0), [2]).data]).toEqual([1, 1])
})
