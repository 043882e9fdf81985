/** A module of rows for the workers of the tests. */
import { Effect } from "effect"
import * as Collator from "../../src/Data/Collators.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import type * as Loader from "../../src/Data/Loaders.ts"

const at = (i: number) => {
  if (i === 66) throw new Dataset.DataError({ file: "rows.jsonl", row: 6, column: "x", reason: "is odd" })
  return { input_ids: Array.from({ length: 1 + (i % 5) }, (_, k) => 10 + ((i + k) % 50)) }
}

/** Its masks are keyed by epoch and row; its last column is one array that is given again and again. */
const weight = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } as const
const masked = Collator.masked({ seed: 3, maskToken: 4, vocabularySize: 60, specialTokens: [0], probability: 0.5 })
export const source = {
  dataset: Effect.succeed(Dataset.make({ size: 61, at })),
  collate: (rows, indices, epoch) => Effect.map(masked(rows, indices, epoch), (batch) => ({ ...batch, weight }))
} satisfies Loader.Source<unknown>

export const faulty = { dataset: Dataset.make({ size: 70, at }) } satisfies Loader.Source<unknown>
export const closed = {
  dataset: Effect.fail(
    new Dataset.DataError({ file: "none.jsonl", row: null, column: null, reason: "cannot be opened (ENOENT)" })
  )
} satisfies Loader.Source<unknown>
export const defective = {
  dataset: faulty.dataset,
  collate: () => Effect.die(new Error("a bug"))
} satisfies Loader.Source<unknown>
export const deadly = {
  dataset: faulty.dataset,
  collate: () => Effect.sync(() => process.exit(3))
} satisfies Loader.Source<unknown>
/** Never answers. */
export const stuck = { dataset: faulty.dataset, collate: () => Effect.never } satisfies Loader.Source<unknown>
export const nothing = 1
