/** A figure of a run, as a value, which each logger renders in its own way. */

export interface Lines {
  readonly _tag: "Lines"
  /** The titles of the axes. */
  readonly x: string
  readonly y: string
  /** Points `[x, y]` by the name of their line. */
  readonly series: Readonly<Record<string, ReadonlyArray<readonly [number, number]>>>
}

export interface Matrix {
  readonly _tag: "Matrix"
  /** The titles of rows and columns. */
  readonly rows: string
  readonly columns: string
  /** The name of each row and column. */
  readonly labels: ReadonlyArray<string>
  readonly values: ReadonlyArray<ReadonlyArray<number>>
}

/** How many values lie between each two neighbouring edges; the last edge belongs to its bin. */
export interface Histogram {
  readonly _tag: "Histogram"
  /** The title of the values. */
  readonly x: string
  /** One more than bins, ascending; none without values. */
  readonly edges: ReadonlyArray<number>
  readonly counts: ReadonlyArray<number>
}

export type Figure = Lines | Matrix | Histogram

/**
 * Counts values in bins of one width, from the least to the greatest. Values that are not finite are ignored; equal ones get a bin of width 1.
 *
 * **Source**: NumPy's `histogram`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Figure } from "regimen/metrics"
 *
 * const { edges, counts } = Figure.histogram("weight", [0, 1, 1, 2, 4], { bins: 2 })
 * assert.deepEqual([edges, counts], [[0, 2, 4], [3, 2]])
 * ```
 */
export const histogram = (x: string, values: Iterable<number>, { bins = 30 }: { readonly bins?: number } = {}): Histogram => {
  const finite = [...values].filter(Number.isFinite)
  if (finite.length === 0) return { _tag: "Histogram", x, edges: [], counts: [] }
  let [from, to] = [finite[0]!, finite[0]!]
  for (const value of finite) [from, to] = [Math.min(from, value), Math.max(to, value)]
  if (from === to) [from, to] = [from - 0.5, to + 0.5]
  const half = (to / bins - from / bins) / 2 // of a width: added twice, it goes from one end of the doubles to the other
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? to : from + i * half + i * half))
  const counts = Array<number>(bins).fill(0)
  for (const value of finite) counts[binOf(edges, value)]! += 1
  return { _tag: "Histogram", x, edges, counts }
}

/** Computes the outline of a histogram's bars. */
export const outline = ({ x, edges, counts }: Histogram): Lines => {
  const ends = (edge: number | undefined) => (edge === undefined ? [] : [[edge, 0] as const])
  const bars = counts.flatMap((count, i) => [[edges[i]!, count] as const, [edges[i + 1]!, count] as const])
  return { _tag: "Lines", x, y: "count", series: { count: [...ends(edges[0]), ...bars, ...ends(edges.at(-1))] } }
}

/** The last bin that begins at a value or below it. */
const binOf = (edges: ReadonlyArray<number>, value: number): number => {
  let [from, to] = [0, edges.length - 1]
  while (to - from > 1) {
    const middle = (from + to) >> 1
    if (edges[middle]! <= value) from = middle
    else to = middle
  }
  return from
}
