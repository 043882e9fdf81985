/** Collators that take the pad token and padding side from a tokenizer. */
import { specialId, type Tokenizer } from "../../Tokenizer/Tokenizer.ts"
import type { Collator } from "../Collator.ts"
import { causal, type Masked, masked } from "./LanguageModeling.ts"
import { type Options, padding } from "./Padding.ts"
import { type Seq2Seq, seq2seq } from "./Seq2Seq.ts"

/** The padding options that do not come from the tokenizer. */
export type Rest = Omit<Options, "padToken" | "side">

/**
 * Pads with the tokenizer's pad token, on its padding side. `position_ids` and `segment_ids` of packed rows are padded too.
 *
 * **Errors**: throws `EncodeError` for a tokenizer without a pad token; the collator's are those of `Collator.padding`.
 * **Source**: `DataCollatorWithPadding(tokenizer)`, the default of a Trainer with a tokenizer (test/unit/Data/Tokenized.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.bytes()
 * const rows = ["ab", "c"].map((text) => Tokenizer.encode(tokenizer, text))
 * const batch = Effect.runSync(Collator.forTokenizer(tokenizer)(rows, [0, 1]))
 * assert.deepEqual(batch.input_ids?.data, Int32Array.of(97, 98, 99, tokenizer.special.pad!))
 * ```
 */
export const forTokenizer = (tokenizer: Tokenizer, options: Rest = {}): Collator<unknown> =>
  padding(paddingOf(tokenizer, options))

/**
 * Pads, and copies `input_ids` to `labels`: `Collator.causal` with the tokenizer's pad token. If that is also its `eos` token, as is common, the
 * loss ignores the `eos` tokens: give the tokenizer a separate pad token, or label the rows and use `forTokenizer`.
 *
 * **Errors**: as `forTokenizer`. **Source**: `DataCollatorForLanguageModeling(tokenizer, mlm=False)`.
 */
export const causalFor = (tokenizer: Tokenizer, options: Rest = {}): Collator<unknown> => causal(paddingOf(tokenizer, options))

/**
 * Pads `input_ids` and `labels` to separate lengths: `Collator.seq2seq` with the tokenizer's pad token, on its padding side.
 *
 * **Errors**: as `forTokenizer`. **Source**: `DataCollatorForSeq2Seq(tokenizer)`, the default of a `Seq2SeqTrainer` with a tokenizer.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const collate = Collator.seq2seqFor(Tokenizer.bytes())
 * const batch = Effect.runSync(collate([{ input_ids: [97], labels: [98, 99] }, { input_ids: [97], labels: [98] }], [0, 1]))
 * assert.deepEqual(batch.labels?.data, Int32Array.of(98, 99, 98, -100))
 * ```
 */
export const seq2seqFor = (tokenizer: Tokenizer, options: Omit<Seq2Seq, "padToken" | "side"> = {}): Collator<unknown> =>
  seq2seq({ ...options, ...paddingOf(tokenizer, options) })

/**
 * Pads and masks tokens: `Collator.masked` with the tokenizer's mask token, vocabulary and special tokens.
 *
 * **Errors**: as `forTokenizer`, and for a tokenizer without a mask token. **Source**: `DataCollatorForLanguageModeling(tokenizer, mlm=True)`.
 */
export const maskedFor = (
  tokenizer: Tokenizer,
  options: Rest & Pick<Masked, "seed" | "probability" | "replaceByMask" | "replaceByRandom">
): Collator<unknown> =>
  masked({
    ...options,
    ...paddingOf(tokenizer, options),
    maskToken: specialId(tokenizer, "mask"),
    vocabularySize: tokenizer.vocabularySize,
    specialTokens: [...tokenizer.specialIds]
  })

const paddingOf = (tokenizer: Tokenizer, options: Rest): Options => ({
  ...options,
  padToken: specialId(tokenizer, "pad"),
  side: tokenizer.paddingSide,
  pads: { position_ids: 0, segment_ids: 0, ...options.pads }
})
