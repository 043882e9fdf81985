/** A picture of a run, as a value: each logger renders it as it can. */

export interface Lines {
  readonly _tag: "Lines"
  /** What the axes say. */
  readonly x: string
  readonly y: string
  /** Points `[x, y]` by the name of their line. */
  readonly series: Readonly<Record<string, ReadonlyArray<readonly [number, number]>>>
}

export interface Matrix {
  readonly _tag: "Matrix"
  /** What a row and a column stand for. */
  readonly rows: string
  readonly columns: string
  /** The name of each row and column. */
  readonly labels: ReadonlyArray<string>
  readonly values: ReadonlyArray<ReadonlyArray<number>>
}

export type Figure = Lines | Matrix
