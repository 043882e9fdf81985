/** Sizes of shapes, and broadcasting element by element. */

/** Counts the elements of a shape. */
export const sizeOf = (shape: ReadonlyArray<number>): number => shape.reduce((product, n) => product * n, 1)

/** Returns a function that maps an index of the broadcast `shape` to the index of its element in `own`. */
export const broadcastIndex =
  (own: ReadonlyArray<number>, shape: ReadonlyArray<number>) =>
  (index: number): number => {
    let result = 0
    let rest = index
    let stride = 1
    for (let axis = shape.length - 1, at = own.length - 1; at >= 0; axis--, at--) {
      const n = shape[axis]!
      const coordinate = rest % n
      rest = (rest - coordinate) / n
      if (own[at] !== 1) result += coordinate * stride
      stride *= own[at]!
    }
    return result
  }
