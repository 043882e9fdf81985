/** SQuAD's exact match and F1 of predicted answers against reference answers. **Unit**: 0 to 100. */

/** The reference answers to a question; none if it cannot be answered. */
export type References = ReadonlyArray<string>

/**
 * Normalizes an answer: lower case, without punctuation and articles, with single spaces.
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

/** Whether a normalized answer equals one of the normalized references: 1 or 0. */
export const exact = (answer: string, references: References): number =>
  orNone(references).some((text) => normalize(text) === normalize(answer)) ? 1 : 0

/**
 * Computes the F1 of an answer's words against the best of the references.
 *
 * @example
 * ```ts
 * import { SquadMetrics } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.equal(SquadMetrics.f1("in Paris", ["Paris", "London"]), 2 / 3)
 * ```
 */
export const f1 = (answer: string, references: References): number =>
  Math.max(...orNone(references).map((text) => overlap(words(answer), words(text))))

/** Averages `exact_match` and `f1` over questions. NaN without questions. */
export const score = (pairs: ReadonlyArray<readonly [answer: string, references: References]>) => ({
  exact_match: mean(pairs.map(([answer, references]) => 100 * exact(answer, references))),
  f1: mean(pairs.map(([answer, references]) => 100 * f1(answer, references)))
})

/** Averages over all questions, over those with an answer and those without, as SQuAD 2. */
export const scoreWithNone = (pairs: ReadonlyArray<readonly [answer: string, references: References]>) => {
  const of = (prefix: string, some: typeof pairs) => {
    const { exact_match, f1 } = score(some)
    return some.length === 0 ? {} : { [`${prefix}exact`]: exact_match, [`${prefix}f1`]: f1, [`${prefix}total`]: some.length }
  }
  return {
    ...of("", pairs),
    ...of(
      "HasAns_",
      pairs.filter(([, references]) => references.length > 0)
    ),
    ...of(
      "NoAns_",
      pairs.filter(([, references]) => references.length === 0)
    )
  }
}

const orNone = (references: References): References => (references.length === 0 ? [""] : references)

const words = (text: string): ReadonlyArray<string> =>
  normalize(text)
    .split(" ")
    .filter((word) => word !== "")

const overlap = (predicted: ReadonlyArray<string>, expected: ReadonlyArray<string>): number => {
  if (predicted.length === 0 || expected.length === 0) return predicted.length === expected.length ? 1 : 0
  const left = new Map<string, number>()
  for (const word of expected) left.set(word, (left.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of predicted) {
    const count = left.get(word) ?? 0
    if (count > 0) shared++
    left.set(word, count - 1)
  }
  return (2 * shared) / (predicted.length + expected.length)
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length
