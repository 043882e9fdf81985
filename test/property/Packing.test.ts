import fc from "fast-check"
import { expect, test } from "vitest"
import * as Packing from "../../src/Tokenizer/Packing.ts"

/** Every token is different, so that no token can hide the loss of another. */
const sequences = fc.array(fc.nat(12), { maxLength: 20 }).map((sizes) => {
  let next = 0
  return sizes.map((size) => ({ input_ids: Array.from({ length: size }, () => next++) }))
})
const length = fc.integer({ min: 1, max: 10 })
const tokensOf = (rows: ReadonlyArray<Packing.Sequence>) => rows.flatMap(({ input_ids }) => input_ids)

/** The parts of a row, by its segments. */
const partsOf = (row: Packing.Packed) =>
  [...new Set(row.segment_ids)].map((segment) => row.input_ids.filter((_, at) => row.segment_ids[at] === segment))

/** What holds of every packed row. */
const sound = (rows: ReadonlyArray<Packing.Packed>, length: number) => {
  for (const row of rows) {
    expect(row.input_ids.length).toBeLessThanOrEqual(length)
    const parts = partsOf(row)
    expect(row.input_ids).toEqual(parts.flat())
    expect(row.segment_ids).toEqual(parts.flatMap((part, segment) => part.map(() => segment + 1)))
    expect(row.position_ids).toEqual(parts.flatMap((part) => part.map((_, at) => at)))
    expect(row.labels).toEqual(parts.flatMap((part) => part.map((id, at) => (at === 0 ? -100 : id))))
    expect(row.attention_mask).toEqual(row.input_ids.map(() => 1))
  }
}

test("cut: no token is lost or moved, and every row but the last is full", () =>
  fc.assert(
    fc.property(sequences, length, (sequences, length) => {
      const rows = Packing.cut(sequences, { length })
      sound(rows, length)
      expect(tokensOf(rows)).toEqual(tokensOf(sequences))
      for (const row of rows.slice(0, -1)) expect(row.input_ids.length).toBe(length)
      const full = rows.filter(({ input_ids }) => input_ids.length === length)
      expect(Packing.cut(sequences, { length, dropLast: true })).toEqual(full)
    })
  ))

test("fill: no token is lost, and what fits into a row is in one", () =>
  fc.assert(
    fc.property(sequences, length, (sequences, length) => {
      const rows = Packing.fill(sequences, { length })
      sound(rows, length)
      expect(tokensOf(rows).toSorted((a, b) => a - b)).toEqual(tokensOf(sequences))
      const parts = new Set(rows.flatMap(partsOf).map(String))
      for (const { input_ids } of sequences)
        if (input_ids.length > 0 && input_ids.length <= length) expect(parts).toContain(String(input_ids))
      // two rows that are at most half full would have been one
      expect(rows.filter(({ input_ids }) => 2 * input_ids.length <= length).length).toBeLessThanOrEqual(1)
    })
  ))

test("labels of one's own are packed with their tokens", () =>
  fc.assert(
    fc.property(sequences, length, (sequences, length) => {
      const own = sequences.map(({ input_ids }) => ({ input_ids, labels: input_ids.map((id) => (id % 3 === 0 ? -100 : id)) }))
      for (const pack of [Packing.cut, Packing.fill])
        for (const row of pack(own, { length }))
          expect(row.labels).toEqual(row.input_ids.map((id, at) => (row.position_ids[at] === 0 || id % 3 === 0 ? -100 : id)))
    })
  ))
