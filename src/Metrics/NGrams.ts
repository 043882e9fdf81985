/** Counts of n-grams. */

export type NGrams = ReadonlyMap<string, number>

/** Counts the n-grams of words without spaces. */
export const make = (words: ReadonlyArray<string>, n: number): NGrams => {
  const counts = new Map<string, number>()
  for (let at = 0; at + n <= words.length; at++) {
    const run = words.slice(at, at + n).join(" ")
    counts.set(run, (counts.get(run) ?? 0) + 1)
  }
  return counts
}

/** Takes the larger count of each n-gram. */
export const union = (left: NGrams, right: NGrams): NGrams => {
  const counts = new Map(left)
  for (const [run, count] of right) counts.set(run, Math.max(count, counts.get(run) ?? 0))
  return counts
}

/** Adds up all counts. */
export const size = (grams: NGrams): number => [...grams.values()].reduce((sum, count) => sum + count, 0)

/** Counts the n-grams that both have, each as often as both have it. */
export const overlap = (left: NGrams, right: NGrams): number =>
  [...left].reduce((sum, [run, count]) => sum + Math.min(count, right.get(run) ?? 0), 0)
