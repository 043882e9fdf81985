/** Answers beside those that people gave: exact match and F1 of words, as SQuAD scores them. **Unit**: 0 to 100. */

/** What is right for a question: any of these texts; none where it cannot be answered. */
export type Wanted = ReadonlyArray<string>

/**
 * Writes an answer so that only what matters is compared: in lower case, without punctuation, articles and more than one space.
 *
 * **Source**: `normalize_answer` of SQuAD's own script.
 *
 * @example
 * ```ts
 * import { SquadMetrics } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.equal(SquadMetrics.normalize("The  Eiffel Tower!"), "eiffel tower")
 * ```
 */
export const normalize = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, "")
    .replace(/(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu, " ")
    .split(/\s+/)
    .filter((word) => word !== "")
    .join(" ")

/** Whether an answer is one of those wanted, once both are normalized: 1 or 0. */
export const exact = (answer: string, wanted: Wanted): number =>
  among(wanted).some((text) => normalize(text) === normalize(answer)) ? 1 : 0

/**
 * Compares the words of an answer with those of the wanted one that fits best.
 *
 * @example
 * ```ts
 * import { SquadMetrics } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.equal(SquadMetrics.f1("in Paris", ["Paris", "London"]), 2 / 3)
 * ```
 */
export const f1 = (answer: string, wanted: Wanted): number =>
  Math.max(...among(wanted).map((text) => overlap(words(answer), words(text))))

/** Means over questions: `exact_match` and `f1`. Of no question they are NaN. */
export const score = (pairs: ReadonlyArray<readonly [answer: string, wanted: Wanted]>) => ({
  exact_match: mean(pairs.map(([answer, wanted]) => 100 * exact(answer, wanted))),
  f1: mean(pairs.map(([answer, wanted]) => 100 * f1(answer, wanted)))
})

/** Means over questions of which some cannot be answered, and over each of both kinds, as SQuAD 2 gives them. */
export const scoreWithNone = (pairs: ReadonlyArray<readonly [answer: string, wanted: Wanted]>) => {
  const of = (prefix: string, some: typeof pairs) => {
    const { exact_match, f1 } = score(some)
    return some.length === 0 ? {} : { [`${prefix}exact`]: exact_match, [`${prefix}f1`]: f1, [`${prefix}total`]: some.length }
  }
  return {
    ...of("", pairs),
    ...of(
      "HasAns_",
      pairs.filter(([, wanted]) => wanted.length > 0)
    ),
    ...of(
      "NoAns_",
      pairs.filter(([, wanted]) => wanted.length === 0)
    )
  }
}

const among = (wanted: Wanted): Wanted => (wanted.length === 0 ? [""] : wanted)

const words = (text: string): ReadonlyArray<string> =>
  normalize(text)
    .split(" ")
    .filter((word) => word !== "")

const overlap = (guess: ReadonlyArray<string>, truth: ReadonlyArray<string>): number => {
  if (guess.length === 0 || truth.length === 0) return guess.length === truth.length ? 1 : 0
  const left = new Map<string, number>()
  for (const word of truth) left.set(word, (left.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of guess) {
    const count = left.get(word) ?? 0
    if (count > 0) shared++
    left.set(word, count - 1)
  }
  return (2 * shared) / (guess.length + truth.length)
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length
