/** Singular vectors of a matrix, on the host in float64: the same bits whatever the device. */
import * as SymmetricEigen from "./SymmetricEigen.ts"

/** **Shapes**: `data` is row-major, `rows * columns` numbers. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: ArrayLike<number>
}

/** A side's vectors, by falling singular value: those of `left` have a number a row of the matrix, those of `right` one a column. */
export interface SingularVectors {
  readonly left: ReadonlyArray<Float64Array>
  readonly right: ReadonlyArray<Float64Array>
}

/**
 * Finds the leading singular vectors of a matrix, `rank` of each side: those of the shorter side are eigenvectors of the matrix times its transpose,
 * and the matrix maps them to those of the longer. Signs are fixed: in each right vector the entry of largest magnitude is positive, and of entries that are as large, but for
 * rounding, the first. Where a singular value is 0, the vector of the longer side is 0. For a matrix that is not finite all are NaN.
 *
 * Squaring float32 data in float64 loses no precision that matters in the leading vectors.
 */
export const make = ({ rows, columns, data }: Matrix, rank = Math.min(rows, columns)): SingularVectors => {
  const tall = rows >= columns
  const [length, count] = tall ? [rows, columns] : [columns, rows]
  const lines = Array.from({ length: count }, (_, j) =>
    Float64Array.from({ length }, (_, i) => data[tall ? i * columns + j : j * columns + i]!)
  )
  const squared = lines.map(() => new Float64Array(count))
  for (let p = 0; p < count; p++) {
    for (let q = 0; q <= p; q++) squared[p]![q] = squared[q]![p] = SymmetricEigen.dot(lines[p]!, lines[q]!)
  }
  const finite = squared.every((row) => row.every(Number.isFinite))
  const all = finite ? SymmetricEigen.vectors(squared) : lines.map(() => new Float64Array(count).fill(Number.NaN))
  const short = all.slice(0, rank)
  const long = short.map((vector) => unit(combine(lines, vector)))
  const [left, right] = tall ? [long, short] : [short, long]
  const signs = right.map((vector) => (foremost(vector) < 0 ? -1 : 1))
  return { left: left.map((vector, j) => scale(vector, signs[j]!)), right: right.map((vector, j) => scale(vector, signs[j]!)) }
}

const foremost = (vector: Float64Array): number => {
  const most = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return vector.find((x) => Math.abs(x) >= most * (1 - 1e-6)) ?? 0
}

/** The sum of vectors, each times its weight. */
const combine = (vectors: ReadonlyArray<Float64Array>, weights: Float64Array): Float64Array => {
  const sum = new Float64Array(vectors[0]?.length ?? 0)
  vectors.forEach((vector, j) => {
    for (let i = 0; i < sum.length; i++) sum[i]! += weights[j]! * vector[i]!
  })
  return sum
}

const unit = (vector: Float64Array): Float64Array => {
  const size = Math.sqrt(SymmetricEigen.dot(vector, vector))
  return size === 0 ? vector : scale(vector, 1 / size)
}

const scale = (vector: Float64Array, factor: number): Float64Array => vector.map((x) => x * factor)
