/** Singular vectors: of any matrix, orthonormal, in order, with fixed signs, and enough to build the matrix again. */
import fc from "fast-check"
import { expect, it } from "vitest"
import * as SingularVectors from "../../src/Optimizer/SingularVectors.ts"

const matrix = fc
  .record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 6 }) })
  .chain(({ rows, columns }) =>
    fc
      .array(fc.oneof(fc.constantFrom(0, 1, -2), fc.double({ min: -100, max: 100, noNaN: true }).map(Math.fround)), {
        minLength: rows * columns,
        maxLength: rows * columns
      })
      .map((data) => ({ rows, columns, data }))
  )

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

it("left^T A right is diagonal, in falling order, and reconstructs A", () => {
  fc.assert(
    fc.property(matrix, ({ rows, columns, data }) => {
      const { left, right } = SingularVectors.make({ rows, columns, data })
      const size = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0))
      const times = (v: Float64Array) =>
        Float64Array.from({ length: rows }, (_, i) => v.reduce((sum, x, j) => sum + data[i * columns + j]! * x, 0))
      expect([left.length, right.length]).toEqual([Math.min(rows, columns), Math.min(rows, columns)])
      const values = right.map((v, j) => dot(left[j]!, times(v)))
      const sorted = values.every((value, j) => value >= 0 && (j === 0 || value <= values[j - 1]! + 1e-7 * size))
      expect(sorted).toBe(true)
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const again = values.reduce((sum, value, k) => sum + value * left[k]![i]! * right[k]![j]!, 0)
          expect(Math.abs(again - data[i * columns + j]!)).toBeLessThanOrEqual(1e-9 * size)
        }
      }
      const short = rows >= columns ? right : left
      short.forEach((a, p) => {
        short.forEach((b, q) => void expect(Math.abs(dot(a, b) - (p === q ? 1 : 0))).toBeLessThanOrEqual(1e-12))
      })
      for (const v of right) {
        const most = Math.max(...v.map(Math.abs))
        expect(v.find((x) => Math.abs(x) >= most * (1 - 1e-6)) ?? 0).toBeGreaterThanOrEqual(0)
      }
    }),
    { numRuns: 300 }
  )
})

it("returns the leading vectors for a smaller rank", () => {
  fc.assert(
    fc.property(matrix, fc.integer({ min: 1, max: 6 }), (matrix, most) => {
      const rank = Math.min(most, matrix.rows, matrix.columns)
      const { left, right } = SingularVectors.make(matrix)
      expect(SingularVectors.make(matrix, rank)).toEqual({ left: left.slice(0, rank), right: right.slice(0, rank) })
    }),
    { numRuns: 200 }
  )
})

it("has a fixed sign where rounding decides between equal entries", () => {
  for (const bit of [-1e-12, 0, 1e-12]) {
    const { right } = SingularVectors.make({ rows: 2, columns: 2, data: [2, -2 + bit, 1, 1] })
    expect(right.map((vector) => vector.map((x) => Math.sign(x)))).toEqual([Float64Array.of(1, -1), Float64Array.of(1, 1)])
  }
})

it("returns NaN for a matrix that is not finite", () => {
  const { right } = SingularVectors.make({ rows: 2, columns: 2, data: [Number.POSITIVE_INFINITY, 1, 0, 2] })
  expect(right.flatMap((vector) => [...vector])).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
})
