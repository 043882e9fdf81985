/** Packs several sequences into one row, to reduce padding. **Unit**: lengths are in tokens. */
import { EncodeError } from "./Errors.ts"

export interface Sequence {
  readonly input_ids: ReadonlyArray<number>
  /** Default: `input_ids`. */
  readonly labels?: ReadonlyArray<number>
}

export type Packed = {
  readonly input_ids: ReadonlyArray<number>
  readonly attention_mask: ReadonlyArray<number>
  /** -100 at the first token of each sequence, which has no context to be predicted from. */
  readonly labels: ReadonlyArray<number>
  /** Restarts at 0 in each sequence. */
  readonly position_ids: ReadonlyArray<number>
  /** The number of the token's sequence in the row, from 1; 0 is padding. */
  readonly segment_ids: ReadonlyArray<number>
}

export interface Options {
  /** The maximum number of tokens in a row. */
  readonly length: number
  /** Drops the last row if it is shorter than `length`. Default false. */
  readonly dropLast?: boolean
}

/**
 * Concatenates sequences and splits them into rows of `length`; only the last row may be shorter. A sequence that is split continues in the
 * next row as a sequence of its own.
 *
 * A model that reads neither `segment_ids` nor `position_ids` attends to the preceding sequences, as in usual pre-training; append an `eos`
 * token to each sequence beforehand. Pad the last row with `Collator.forTokenizer`.
 *
 * **Law**: no token is lost, and the order of the tokens is preserved (test/property/Packing.test.ts).
 * **Errors**: throws `EncodeError` for a length that is not a positive integer, and for labels whose length differs from that of `input_ids`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Packing } from "regimen/transformers"
 *
 * const rows = Packing.cut([{ input_ids: [1, 2, 3] }, { input_ids: [4, 5] }], { length: 4 })
 * assert.deepEqual(rows.map((row) => row.input_ids), [[1, 2, 3, 4], [5]])
 * assert.deepEqual(rows[0]?.position_ids, [0, 1, 2, 0])
 * assert.deepEqual(rows[0]?.labels, [-100, 2, 3, -100])
 * ```
 */
export const cut = (sequences: Iterable<Sequence>, options: Options): ReadonlyArray<Packed> => {
  const rows: Array<Array<Sequence>> = []
  let room = 0
  for (const sequence of checked(sequences, options)) {
    for (let from = 0; from < sequence.input_ids.length; ) {
      if (room === 0) {
        rows.push([])
        room = options.length
      }
      const part = slice(sequence, from, from + room)
      rows.at(-1)!.push(part)
      from += part.input_ids.length
      room -= part.input_ids.length
    }
  }
  return packRows(rows, options)
}

/**
 * Packs whole sequences into rows: the longest first, each into the fullest row with enough room. A sequence longer than `length` is split
 * beforehand.
 *
 * **Law**: no token is lost; a sequence no longer than `length` is in one row (test/property/Packing.test.ts). **Errors**: as `cut`.
 * **Source**: best-fit decreasing, as the language-model trainers of TRL pack.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Packing } from "regimen/transformers"
 *
 * const rows = Packing.fill([{ input_ids: [1] }, { input_ids: [2, 3, 4] }, { input_ids: [5, 6] }], { length: 4 })
 * assert.deepEqual(rows.map((row) => row.segment_ids), [[1, 1, 1, 2], [1, 1]])
 * ```
 */
export const fill = (sequences: Iterable<Sequence>, options: Options): ReadonlyArray<Packed> => {
  const parts = Array.from(checked(sequences, options)).flatMap((sequence) => chunks(sequence, options.length))
  const rows: Array<Array<Sequence>> = []
  const open = Array.from({ length: options.length + 1 }, (): Array<Array<Sequence>> => []) // rows by their remaining room
  for (const part of parts.sort((a, b) => b.input_ids.length - a.input_ids.length)) {
    const size = part.input_ids.length
    const room = open.findIndex((rows, room) => room >= size && rows.length > 0)
    const row = room < 0 ? [] : open[room]!.pop()!
    if (room < 0) rows.push(row)
    row.push(part)
    open[(room < 0 ? options.length : room) - size]!.push(row)
  }
  return packRows(rows, options)
}

function* checked(sequences: Iterable<Sequence>, { length }: Options): Generator<Sequence> {
  if (!(Number.isInteger(length) && length > 0))
    throw new EncodeError({ reason: `length is ${length}: it must be a positive integer.` })
  let index = 0
  for (const sequence of sequences) {
    const { input_ids, labels = input_ids } = sequence
    if (labels.length !== input_ids.length)
      throw new EncodeError({
        reason: `Sequence ${index} has ${labels.length} labels for ${input_ids.length} tokens: there must be one per token.`
      })
    if (input_ids.length > 0) yield sequence
    index++
  }
}

const slice = ({ input_ids, labels }: Sequence, from: number, to: number): Sequence => ({
  input_ids: input_ids.slice(from, to),
  ...(labels && { labels: labels.slice(from, to) })
})

const chunks = (sequence: Sequence, length: number): ReadonlyArray<Sequence> =>
  Array.from({ length: Math.ceil(sequence.input_ids.length / length) }, (_, i) => slice(sequence, i * length, (i + 1) * length))

const packRows = (rows: ReadonlyArray<ReadonlyArray<Sequence>>, { length, dropLast = false }: Options): ReadonlyArray<Packed> => {
  const packed = rows.map(join)
  return dropLast && (packed.at(-1)?.input_ids.length ?? length) < length ? packed.slice(0, -1) : packed
}

const join = (parts: ReadonlyArray<Sequence>): Packed => ({
  input_ids: parts.flatMap(({ input_ids }) => input_ids),
  attention_mask: parts.flatMap(({ input_ids }) => input_ids.map(() => 1)),
  labels: parts.flatMap(({ input_ids, labels = input_ids }) => labels.map((label, at) => (at === 0 ? -100 : label))),
  position_ids: parts.flatMap(({ input_ids }) => input_ids.map((_, at) => at)),
  segment_ids: parts.flatMap(({ input_ids }, segment) => input_ids.map(() => segment + 1))
})
