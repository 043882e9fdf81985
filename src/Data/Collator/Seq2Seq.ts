/** Collators for sequence-to-sequence models. */
import { Result } from "effect"
import type { Collator, Row } from "../Collator.ts"
import { isSequence, type Options, padColumn, padded, padRows } from "./Padding.ts"

export interface Seq2Seq extends Options {
  /** Computes `decoder_input_ids` from a row's padded labels, as `shiftRight` does. Default: the model computes them. */
  readonly decoderInputs?: (labels: ReadonlyArray<number>) => ReadonlyArray<number>
}

/**
 * Pads `input_ids` and `labels` to separate lengths.
 *
 * **Errors**: as `Collator.padding`.
 * **Source**: `DataCollatorForSeq2Seq` (test/golden/collators.test.ts). There label smoothing needs the decoder inputs; here
 * the model always gets the labels, and `decoderInputs` is for a model that does not compute decoder inputs itself.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 *
 * const collate = Collator.seq2seq({ decoderInputs: Collator.shiftRight({ start: 0, pad: 0 }) })
 * const batch = Effect.runSync(collate([{ input_ids: [5, 1], labels: [8, 9, 1] }], [0]))
 * assert.deepEqual(batch.decoder_input_ids?.data, Int32Array.of(0, 8, 9))
 * ```
 */
export const seq2seq = ({ decoderInputs, ...options }: Seq2Seq = {}): Collator<unknown> => {
  const withDecoder = (row: Row): Row =>
    decoderInputs !== undefined && isSequence(row.labels)
      ? { ...row, decoder_input_ids: decoderInputs(Array.from(row.labels)) }
      : row
  return padded(
    options,
    (row) => Result.succeed(withDecoder(row)),
    (rows, indices) =>
      Result.flatMap(padRows(rows.map(withoutLabels), indices, options), (inputs) =>
        padColumn(
          inputs.map((row, i) => ({ ...row, ...labelsOf(rows[i]) })),
          "labels",
          options.labelPad ?? -100,
          indices,
          options
        )
      )
  )
}

/** Shifts labels right behind a start token (`shift_tokens_right` of T5 and BART); -100 becomes the pad token. */
export const shiftRight =
  (options: { readonly start: number; readonly pad: number }) =>
  (labels: ReadonlyArray<number>): ReadonlyArray<number> =>
    [options.start, ...labels.slice(0, -1)].map((label) => (label === -100 ? options.pad : label))

const withoutLabels = (row: unknown): unknown => {
  if (typeof row !== "object" || row === null || !("labels" in row)) return row
  const { labels: _, ...inputs } = row
  return inputs
}

const labelsOf = (row: unknown): Row => (typeof row === "object" && row !== null && "labels" in row ? { labels: row.labels } : {})
