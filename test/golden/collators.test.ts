import { readFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { describe, expect, test } from "vitest"
import * as Collator from "../../src/Data/Collators.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"

const Row = Schema.Record(Schema.String, Schema.Unknown)
const Case = Schema.Struct({
  case: Schema.optionalKey(Schema.String),
  options: Schema.optionalKey(
    Schema.Struct({
      pad_to_multiple_of: Schema.optionalKey(Schema.Number),
      padding: Schema.optionalKey(Schema.String),
      max_length: Schema.optionalKey(Schema.Number)
    })
  ),
  in: Schema.optionalKey(Schema.Array(Row)),
  out: Row,
  dtypes: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
const Fraction = Schema.Struct({ mask_token: Schema.Number, "unchanged_or_random_equal": Schema.Number, other_random: Schema.Number })
const Collators = Schema.Struct({
  tokenizer: Schema.Record(Schema.String, Schema.Unknown),
  DataCollatorWithPadding: Schema.Array(Case),
  default_data_collator: Schema.Array(Case),
  DataCollatorForTokenClassification: Schema.Array(Case),
  DataCollatorForSeq2Seq: Schema.Array(Case),
  DataCollatorForLanguageModeling_causal: Schema.Array(Case),
  DataCollatorForLanguageModeling_mlm: Schema.Struct({
    mlm_probability: Schema.Number,
    non_special_tokens: Schema.Number,
    selected_fraction: Schema.Number,
    of_selected: Fraction
  })
})
const golden = Schema.decodeUnknownSync(Collators)(JSON.parse(readFileSync(new URL("./collators.json", import.meta.url), "utf8")))

type Case = typeof Case.Type
const named = (cases: ReadonlyArray<Case>) => cases.map((c, i) => [c.case ?? JSON.stringify(c.options ?? i), c] as const)
const optionsOf = ({ options = {} }: Case) => ({
  ...(options.pad_to_multiple_of === undefined ? {} : { multipleOf: options.pad_to_multiple_of }),
  ...(options.max_length === undefined ? {} : { length: options.max_length })
})
const collate = (collator: Collator.Collator<unknown>, rows: ReadonlyArray<unknown>) =>
  Effect.runSync(collator(rows, rows.map((_, i) => i)))
const values = (collator: Collator.Collator<unknown>, rows: ReadonlyArray<unknown>) =>
  Object.fromEntries(Object.entries(collate(collator, rows)).map(([name, tensor]) => [name, HostTensor.toArray(tensor)]))

test.each(named([...golden.DataCollatorWithPadding, ...golden.DataCollatorForTokenClassification]))("padding %s", (_, recorded) =>
  expect(values(Collator.padding(optionsOf(recorded)), recorded.in!)).toEqual(recorded.out)
)

test.each(named(golden.default_data_collator))("by the first row: %s", (_, recorded) => {
  expect(values(Collator.byFirstRow(), recorded.in!)).toEqual(recorded.out)
  // int64 does not exist here: labels are int32, and other plain numbers float32.
  const { labels } = collate(Collator.byFirstRow(), recorded.in!)
  if (labels !== undefined) expect(labels.dtype).toBe(recorded.dtypes?.labels === "torch.int64" ? "int32" : "float32")
})

test.each(named(golden.DataCollatorForLanguageModeling_causal))("causal %s", (_, recorded) =>
  expect(values(Collator.causal(optionsOf(recorded)), recorded.in!)).toEqual(recorded.out)
)

const seq2seq: Readonly<Record<string, Collator.Seq2Seq>> = {
  "no model": {},
  "with T5 model (decoder_input_ids from labels)": { decoderInputs: Collator.shiftRight({ start: 0, pad: 0 }) },
  "pad_to_multiple_of 4": { multipleOf: 4 },
  "label_pad_token_id 0": { labelPad: 0 },
  "max_length 8": { length: 8 },
  "no labels": {}
}
test.each(named(golden.DataCollatorForSeq2Seq))("seq2seq: %s", (name, recorded) => {
  const { labels, ...out } = recorded.out
  // The case without labels was recorded without its input, which its output shows.
  const rows = recorded.in ?? [{ input_ids: [5, 1] }, { input_ids: [5, 6, 1] }]
  expect(values(Collator.seq2seq(seq2seq[name]!), rows)).toEqual(labels === null ? out : recorded.out)
})

describe("masked", () => {
  const recorded = golden.DataCollatorForLanguageModeling_mlm
  const options = { seed: 7, maskToken: 4, vocabularySize: 100, specialTokens: [0, 1, 2, 3, 4] }
  const length = 62
  const rows = Array.from({ length: recorded.non_special_tokens / length }, (_, row) => ({
    input_ids: [2, ...Random.uniform(Key.make(row), [length]).data.map((u) => 5 + Math.floor(u * 95)), 3]
  }))

  test("masks and replaces the recorded fractions of tokens, and no special token", () => {
    const { input_ids, labels } = collate(Collator.masked(options), rows)
    const count = { chosen: 0, mask: 0, same: 0, other: 0 }
    for (const [row, { input_ids: tokens }] of rows.entries())
      for (const [at, token] of tokens.entries()) {
        const [now, label] = [input_ids!.data[row * tokens.length + at]!, labels!.data[row * tokens.length + at]!]
        expect(label === -100 ? now === token : label === token && token > 4).toBe(true)
        if (label === -100) continue
        count.chosen++
        count[now === 4 ? "mask" : now === token ? "same" : "other"]++
      }
    // Five standard errors, of both samples.
    const close = (found: number, n: number, wanted: number) =>
      expect(Math.abs(found / n - wanted)).toBeLessThan(5 * Math.sqrt((2 * wanted * (1 - wanted)) / n))
    close(count.chosen, recorded.non_special_tokens, recorded.selected_fraction)
    close(count.mask, count.chosen, recorded.of_selected.mask_token)
    close(count.same, count.chosen, recorded.of_selected.unchanged_or_random_equal)
    close(count.other, count.chosen, recorded.of_selected.other_random)
  })

  test("depends on the epoch and the row, not on the batch", () => {
    const masked = Collator.masked(options)
    const of = (indices: ReadonlyArray<number>, epoch: number) =>
      Effect.runSync(masked(indices.map((i) => rows[i]!), indices, epoch))
    const row = (tensor: HostTensor.HostTensor, i: number) => tensor.data.slice(64 * i, 64 * (i + 1))
    expect(row(of([3, 9], 1).input_ids!, 1)).toEqual(row(of([9], 1).input_ids!, 0))
    expect(of([9], 1)).not.toEqual(of([9], 2))
    expect(of([9], 1)).toEqual(of([9], 1))
  })

  test("does not mask what the row's special_tokens_mask marks", () => {
    const row = { input_ids: Array.from({ length: 200 }, () => 50), special_tokens_mask: Array.from({ length: 200 }, (_, i) => (i < 100 ? 1 : 0)) }
    const batch = collate(Collator.masked({ ...options, probability: 1 }), [row])
    expect(Object.keys(batch).sort()).toEqual(["attention_mask", "input_ids", "labels"])
    expect([...batch.labels!.data]).toEqual(Array.from({ length: 200 }, (_, i) => (i < 100 ? -100 : 50)))
  })
})
