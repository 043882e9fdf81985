import { expect, it } from "vitest"
import * as Key from "../../../src/Tensor/Key.ts"

it("make splits a seed into two words", () => {
  expect(Key.make(42)).toEqual({ hi: 0, lo: 42 })
  expect(Key.make(2 ** 32 + 1)).toEqual({ hi: 1, lo: 1 })
  expect(Key.make(-1)).toEqual({ hi: 0xffffffff, lo: 0xffffffff })
})

/** Recorded: a change here changes every run of every user. */
it.each<[number | string, Key.Key]>([
  [0, { hi: 2012563771, lo: 2632642643 }],
  [1, { hi: 1404726525, lo: 4242219303 }],
  [-1, { hi: 392443957, lo: 2403384694 }],
  [2 ** 40, { hi: 263049498, lo: 3724014764 }],
  ["", { hi: 542238995, lo: 43202409 }],
  ["dropout", { hi: 76115792, lo: 677776313 }],
  ["encoder.layer.0", { hi: 818373259, lo: 412791917 }]
])("fold %j is what it was", (data, expected) => {
  expect(Key.fold(Key.make(42), data)).toEqual(expected)
})

it("fold gives different keys for different data", () => {
  const names = ["", "\0", "a", "a\0", "aaaaaaaa", "aaaaaaaaa", "b", "é", "1"]
  const places: ReadonlyArray<number | string> = [...Array.from({ length: 2000 }, (_, i) => i - 1000), ...names]
  const keys = places.map((place) => JSON.stringify(Key.fold(Key.make(1), place)))
  expect(new Set(keys).size).toBe(places.length)
  const nested = JSON.stringify(Key.fold(Key.fold(Key.make(1), 2), 3))
  expect(nested).not.toBe(JSON.stringify(Key.fold(Key.fold(Key.make(1), 3), 2)))
})

it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuses %s", (seed) => {
  expect(() => Key.make(seed)).toThrow(Key.InvalidKey)
  expect(() => Key.fold(Key.make(0), seed)).toThrow(Key.InvalidKey)
})
