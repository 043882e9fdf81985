/** Eigenvectors of a symmetric matrix, on the host in float64. */

/**
 * Finds all eigenvectors of a symmetric matrix of finite numbers, by falling eigenvalue: Householder reflections make it tridiagonal, and QL iterations
 * with implicit shifts make that diagonal. The matrix is overwritten. The time grows with the cube of its size.
 *
 * **Shapes**: n rows of n numbers in, n vectors of n numbers out.
 *
 * **Source**: Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3; EISPACK's tred2 and tql2.
 */
export const vectors = (matrix: ReadonlyArray<Float64Array>): ReadonlyArray<Float64Array> => {
  const reflections = tridiagonalise(matrix)
  const n = matrix.length
  const diagonal = matrix.map((row, i) => row[i]!)
  const beside = matrix.map((row, i) => (i + 1 < n ? row[i + 1]! : 0))
  const basis = Array.from({ length: n }, (_, j) => {
    const column = Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0))
    for (let i = Math.min(j, reflections.length) - 1; i >= 0; i--)
      addTo(column, reflections[i]!, -2 * dot(reflections[i]!, column, i + 1), i + 1)
    return column
  })
  diagonalise(diagonal, beside, basis)
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!)
  return order.map((j) => basis[j]!)
}

/** Computes the dot product of two vectors from an index on. */
export const dot = (a: Float64Array, b: Float64Array, from = 0): number => {
  let sum = 0
  for (let i = from; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Makes a symmetric matrix tridiagonal in place, and returns the unit vectors of the reflections. */
const tridiagonalise = (matrix: ReadonlyArray<Float64Array>): ReadonlyArray<Float64Array> =>
  matrix.slice(0, -2).map((row, k) => {
    const n = row.length
    const mirror = Float64Array.from(row, (x, i) => (i > k ? x : 0))
    const size = Math.sqrt(dot(mirror, mirror))
    mirror[k + 1]! += mirror[k + 1]! < 0 ? -size : size
    const length = Math.sqrt(dot(mirror, mirror))
    if (length === 0) return mirror
    for (let i = k + 1; i < n; i++) mirror[i]! /= length
    // With H = I - 2 v v', H A H = A - v w' - w v' where w = 2 (A v - (v' A v) v).
    const image = Float64Array.from(matrix, (other, i) => (i < k ? 0 : dot(other, mirror, k + 1)))
    const along = dot(mirror, image)
    const shift = image.map((x, i) => 2 * (x - along * mirror[i]!))
    for (let i = k; i < n; i++) {
      addTo(matrix[i]!, shift, -mirror[i]!, k)
      addTo(matrix[i]!, mirror, -shift[i]!, k)
    }
    return mirror
  })

/** Makes a tridiagonal matrix diagonal, and rotates the basis with it. */
const diagonalise = (diagonal: Array<number>, beside: Array<number>, basis: ReadonlyArray<Float64Array>): void => {
  const n = diagonal.length
  const negligible = Number.EPSILON * diagonal.reduce((sum, x) => sum + Math.abs(x), 0)
  for (let low = 0; low < n; low++) {
    for (let iteration = 0; iteration < iterations; iteration++) {
      let high = low
      while (high < n - 1 && Math.abs(beside[high]!) > negligible) high++
      if (high === low) break
      const half = (diagonal[low + 1]! - diagonal[low]!) / (2 * beside[low]!)
      const shift = half + (half < 0 ? -1 : 1) * Math.hypot(half, 1)
      let g = diagonal[high]! - diagonal[low]! + beside[low]! / shift
      let [sine, cosine, moved] = [1, 1, 0]
      let i = high - 1
      for (; i >= low; i--) {
        const f = sine * beside[i]!
        const b = cosine * beside[i]!
        const r = Math.hypot(f, g)
        beside[i + 1] = r
        if (r === 0) break
        sine = f / r
        cosine = g / r
        g = diagonal[i + 1]! - moved
        const turned = (diagonal[i]! - g) * sine + 2 * cosine * b
        moved = sine * turned
        diagonal[i + 1] = g + moved
        g = cosine * turned - b
        rotate(basis[i]!, basis[i + 1]!, cosine, sine)
      }
      if (i >= low) diagonal[i + 1]! -= moved
      else {
        diagonal[low]! -= moved
        beside[low] = g
      }
      beside[high] = 0
    }
  }
}

/** The limit of iterations for an eigenvalue, which usually takes two or three. */
const iterations = 60

const rotate = (a: Float64Array, b: Float64Array, cosine: number, sine: number): void => {
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!
    const y = b[i]!
    a[i] = cosine * x - sine * y
    b[i] = sine * x + cosine * y
  }
}

/** Adds a multiple of a vector to another, from an index on. */
const addTo = (target: Float64Array, vector: Float64Array, factor: number, from: number): void => {
  for (let i = from; i < target.length; i++) target[i]! += factor * vector[i]!
}
