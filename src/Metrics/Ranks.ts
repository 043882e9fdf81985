/** Ranks of numbers, from 1; equal numbers have their mean rank. */

/** Computes the rank of each number. With a NaN among them all ranks are NaN. */
export const make = (values: Float32Array): Float64Array => {
  const ranks = new Float64Array(values.length)
  if (values.some(Number.isNaN)) return ranks.fill(Number.NaN)
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || 0)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1
    for (let at = from; at < to; at++) ranks[order[at]!] = (from + to + 1) / 2
  }
  return ranks
}
