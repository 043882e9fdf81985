/** Sums of rows by segment, on arrays: the gradient of a gather. */

/** Adds each row of `values` to the row of `sums` that its id names. */
export const segmentSum = (sums: Values, values: Values, ids: Values): void => {
  const width = values.length / ids.length
  for (let i = 0; i < ids.length; i++) {
    const to = ids[i]! * width
    if (to < 0 || to >= sums.length) continue
    const from = i * width
    for (let j = 0; j < width; j++) sums[to + j] = sums[to + j]! + values[from + j]!
  }
}

type Values = Float32Array | Int32Array
