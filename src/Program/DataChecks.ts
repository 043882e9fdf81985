/** What can be known of data before step 0: whether a model has the tokens of a tokenizer, and the labels and tokens of all rows that are in memory. */
import { Effect, Schema } from "effect"
import type { Collator } from "../Data/Collator.ts"
import { DataError, type Dataset } from "../Data/Dataset.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"

/** A tokenizer gives tokens that the model does not have. */
export class TokenizerMismatch extends Schema.TaggedError<TokenizerMismatch>()("TokenizerMismatch", {
  /** **Unit**: tokens. */
  vocabularySize: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `The tokenizer has ${this.vocabularySize} tokens, and its last one is not the model's: ${this.reason}. Take the tokenizer of this model, or resize the model: Vocabulary.resize(model, ${this.vocabularySize}).`
  }
}

type Checked = Pick<Model, "inputs" | "labels" | "validate">

/** Shows a model the tokenizer's last token, where the model says what it takes. **Errors**: `TokenizerMismatch`. */
export const tokens = (model: Checked, tokenizer: Tokenizer | undefined): Effect.Effect<void, TokenizerMismatch> => {
  if (tokenizer === undefined) return Effect.void
  const { vocabularySize } = tokenizer
  const fault = model.validate?.({ input_ids: row([vocabularySize - 1]) })
  return fault === undefined
    ? Effect.void
    : Effect.fail(new TokenizerMismatch({ vocabularySize, reason: `${fault.field} ${fault.reason}` }))
}

/**
 * Shows a model all rows whose columns are at hand (`Dataset.column`): nothing is read or computed for it. A row that it refuses is collated alone, and
 * refused where the batch is at fault as well: a collator may cut what is too long.
 *
 * **Errors**: `DataError` with the first such row.
 */
export const rows = Effect.fnUntraced(function* <A>(
  { inputs = [], labels = ["labels"], validate }: Checked,
  dataset: Dataset<A>,
  collate: Collator<A>
): Effect.fn.Return<void, DataError> {
  if (validate === undefined || dataset.column === undefined) return
  const columns: Array<readonly [name: string, values: ArrayLike<unknown>]> = []
  for (const name of new Set([...inputs, ...labels]))
    for (const alias of name === "labels" ? ["labels", "label", "label_ids"] : [name]) {
      const values = dataset.column(alias)
      if (values !== undefined) columns.push([name, yield* values])
    }
  if (columns.length === 0) return
  for (let index = 0; index < dataset.size; index++) {
    if (index % chunk === 0) yield* Effect.yieldNow
    const cells = columns.flatMap(([name, values]) => {
      const cell = cellOf(values[index])
      return cell === undefined ? [] : [[name, cell] as const]
    })
    if (validate(Object.fromEntries(cells)) === undefined) continue
    const batch = yield* Effect.option(Effect.flatMap(dataset.rows([index]), (found) => collate(found, [index], 0)))
    const fault = batch._tag === "Some" ? validate(batch.value) : undefined
    if (fault !== undefined) return yield* new DataError({ row: index, column: fault.field, reason: fault.reason })
  }
})

/** Rows between two chances for others to go on. */
const chunk = 1024

/** A number or a sequence of them, as the one row of a batch; other values are left to the collator. */
const cellOf = (value: unknown): HostTensor | undefined => {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const sequence = value as unknown as ArrayLike<unknown>
    return typeof sequence[0] === "number" ? row(sequence as ArrayLike<number>) : undefined
  }
  return typeof value === "number" ? { dtype: "int32", shape: [1], data: Int32Array.of(value) } : undefined
}

const row = (values: ArrayLike<number>): HostTensor => ({
  dtype: "int32",
  shape: [1, values.length],
  data: values instanceof Int32Array ? values : Int32Array.from(values)
})
