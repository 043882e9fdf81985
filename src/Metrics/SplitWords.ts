/** Splits text into words. */

/** Splits at white space. */
export const bySpace = (text: string): ReadonlyArray<string> => text.split(/\s+/).filter((word) => word !== "")

/**
 * Splits text of a Western language into words and punctuation, as BLEU does.
 *
 * **Source**: the rules of mteval-v13a, sacrebleu's default tokenizer.
 *
 * @example
 * ```ts
 * import { SplitWords } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(SplitWords.mteval13a("It rained 3.5 mm (at most)."), ["It", "rained", "3.5", "mm", "(", "at", "most", ")", "."])
 * ```
 */
export const mteval13a = (text: string): ReadonlyArray<string> =>
  bySpace(rules.reduce((line, rule) => rule(line), text.trimEnd()))

/** Takes the lower-case runs of Latin letters and digits, as ROUGE does. **Source**: rouge-score's default tokenizer. */
export const alphanumeric = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/[a-z0-9]+/g) ?? []

const rules: ReadonlyArray<(line: string) => string> = [
  (line) => line.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " "),
  (line) => line.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">"),
  (line) => ` ${line} `,
  // Each ASCII sign is a word but the apostrophe, the comma, the hyphen and the point.
  (line) => line.replace(/[!-&(-+/:-@[-`{-~]/g, " $& "),
  // Points and commas are words, but for those between digits; so is a hyphen after a digit.
  (line) => line.replace(/([^0-9])([.,])/g, "$1 $2 "),
  (line) => line.replace(/([.,])([^0-9])/g, " $1 $2"),
  (line) => line.replace(/([0-9])(-)/g, "$1 $2 ")
]
