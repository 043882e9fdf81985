/** Collators for causal and masked language modeling. */
import { Result } from "effect"
import * as Key from "../../Tensor/Key.ts"
import * as Random from "../../Tensor/Random.ts"
import type { Collator, Row } from "../Collator.ts"
import { isSequence, type Options, padded } from "./Padding.ts"

/**
 * Pads, and copies `input_ids` to `labels`, with `labelPad` at pad tokens. The labels are not shifted: the loss does that.
 *
 * **Errors**: as `Collator.padding`.
 * **Source**: `DataCollatorForLanguageModeling(mlm=False)` (test/golden/collators.test.ts). A pad token within the text is ignored by the loss too.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 *
 * const batch = Effect.runSync(Collator.causal()([{ input_ids: [5, 6] }, { input_ids: [7] }], [0, 1]))
 * assert.deepEqual(batch.labels?.data, Int32Array.of(5, 6, 7, -100))
 * ```
 */
export const causal = (options: Options = {}): Collator<unknown> => {
  const { labelPad = -100, padToken = 0 } = options
  return padded(options, (row) =>
    Result.succeed({ ...row, labels: tokensOf(row).map((token) => (token === padToken ? labelPad : token)) })
  )
}

export interface Masked extends Options {
  readonly seed: number
  readonly maskToken: number
  /** The size of the vocabulary, from which random tokens are drawn, including special ones. */
  readonly vocabularySize: number
  /** Tokens that are never masked. A row's own `special_tokens_mask` takes precedence. */
  readonly specialTokens: ReadonlyArray<number>
  /** The probability that a token is selected (`mlm_probability`). Default 0.15. */
  readonly probability?: number
  /** The probability that a selected token is replaced by `maskToken`. Default 0.8. */
  readonly replaceByMask?: number
  /** The probability that a selected token is replaced by a random one; other selected tokens are unchanged. Default 0.1. */
  readonly replaceByRandom?: number
}

/**
 * Pads, selects random tokens to predict, and masks most of them. `labels` are the original tokens at the selected positions, and `labelPad` at all
 * others. The selection is keyed by (seed, epoch, index): it differs by epoch, and does not depend on the batch or the number of workers.
 *
 * **Law**: the fractions match the probabilities, and special tokens are never selected (test/golden/collators.test.ts).
 * **Errors**: as `Collator.padding`.
 * **Source**: `DataCollatorForLanguageModeling(mlm=True)`; BERT's masking.
 */
export const masked = (options: Masked): Collator<unknown> => {
  const { labelPad = -100, maskToken, padToken = 0, probability = 0.15, seed, vocabularySize } = options
  const { replaceByMask = 0.8, replaceByRandom = 0.1 } = options
  const special = new Set([...options.specialTokens, padToken])
  const root = Key.fold(Key.make(seed), "masked")
  return padded(options, ({ special_tokens_mask, ...row }, index, epoch) => {
    const tokens = tokensOf(row)
    const isSpecial = isSequence(special_tokens_mask)
      ? Array.from(special_tokens_mask, Boolean)
      : tokens.map((token) => special.has(token))
    const { data } = Random.uniform(Key.fold(Key.fold(root, epoch), index), [3, tokens.length])
    const draw = (use: number, at: number) => data[use * tokens.length + at]!
    const selected = tokens.map((_, at) => !isSpecial[at] && draw(0, at) < probability)
    const inputIds = tokens.map((token, at) => {
      if (!selected[at] || draw(1, at) >= replaceByMask + replaceByRandom) return token
      return draw(1, at) < replaceByMask ? maskToken : Math.floor(draw(2, at) * vocabularySize)
    })
    return Result.succeed({ ...row, input_ids: inputIds, labels: tokens.map((token, at) => (selected[at] ? token : labelPad)) })
  })
}

const tokensOf = ({ input_ids }: Row): Array<number> => (isSequence(input_ids) ? Array.from(input_ids) : [])
