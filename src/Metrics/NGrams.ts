/** Runs of n words and how often each occurs. */

export type NGrams = ReadonlyMap<string, number>

/** Counts the runs of `n` words. Words hold no spaces. */
export const make = (words: ReadonlyArray<string>, n: number): NGrams => {
  const counts = new Map<string, number>()
  for (let at = 0; at + n <= words.length; at++) {
    const run = words.slice(at, at + n).join(" ")
    counts.set(run, (counts.get(run) ?? 0) + 1)
  }
  return counts
}

/** Takes of each run the larger of its counts. */
export const union = (left: NGrams, right: NGrams): NGrams => {
  const counts = new Map(left)
  for (const [run, count] of right) counts.set(run, Math.max(count, counts.get(run) ?? 0))
  return counts
}

/** Counts all runs. */
export const size = (grams: NGrams): number => [...grams.values()].reduce((sum, count) => sum + count, 0)

/** Counts the runs that both have, each as often as both have it. */
export const overlap = (left: NGrams, right: NGrams): number =>
  [...left].reduce((sum, [run, count]) => sum + Math.min(count, right.get(run) ?? 0), 0)
