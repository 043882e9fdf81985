/** Labels for language models: the tokens themselves. */
import { Result } from "effect"
import * as Key from "../../Tensor/Key.ts"
import * as Random from "../../Tensor/Random.ts"
import type { Collator, Row } from "../Collator.ts"
import { isSequence, type Options, padded } from "./Padding.ts"

/**
 * Pads, and makes `labels` of `input_ids`, with `labelPad` where a pad token stands. They are not shifted: the loss does that.
 *
 * **Errors**: as `Collator.padding`.
 * **Source**: `DataCollatorForLanguageModeling(mlm=False)` (test/golden/collators.test.ts). A pad token within the text gets no loss either.
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
  /** Tokens that there are: random ones are drawn from 0 to this, special ones among them. */
  readonly vocabularySize: number
  /** Tokens that are never masked. A row's own `special_tokens_mask` comes before this. */
  readonly specialTokens: ReadonlyArray<number>
  /** How likely a token is chosen. Default 0.15. */
  readonly probability?: number
  /** How likely a chosen token becomes `maskToken`. Default 0.8. */
  readonly replaceByMask?: number
  /** How likely a chosen token becomes a random one; what is left of 1 stays as it is. Default 0.1. */
  readonly replaceByRandom?: number
}

/**
 * Pads, chooses tokens to be predicted, hides most of them, and keeps what they were as `labels`, `labelPad` elsewhere. What is chosen in
 * a row is keyed by (seed, epoch, index): new each epoch, whatever the batch and the number of workers.
 *
 * **Law**: the fractions are as asked, and special tokens are never chosen (test/golden/collators.test.ts).
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
    const spared = isSequence(special_tokens_mask)
      ? Array.from(special_tokens_mask, Boolean)
      : tokens.map((token) => special.has(token))
    const { data } = Random.uniform(Key.fold(Key.fold(root, epoch), index), [3, tokens.length])
    const draw = (what: number, at: number) => data[what * tokens.length + at]!
    const chosen = tokens.map((_, at) => !spared[at] && draw(0, at) < probability)
    const hidden = tokens.map((token, at) => {
      if (!chosen[at] || draw(1, at) >= replaceByMask + replaceByRandom) return token
      return draw(1, at) < replaceByMask ? maskToken : Math.floor(draw(2, at) * vocabularySize)
    })
    return Result.succeed({ ...row, input_ids: hidden, labels: tokens.map((token, at) => (chosen[at] ? token : labelPad)) })
  })
}

const tokensOf = ({ input_ids }: Row): Array<number> => (isSequence(input_ids) ? Array.from(input_ids) : [])
