/** Learns from words which neighbours to merge: the heart of byte-pair encoding, and of WordPiece as Hugging Face trains it. */
import * as Heap from "./Heap.ts"

export interface Options {
  /** How often each word occurs. The order of the words decides nothing but, with a `prefix`, the ids of its characters. */
  readonly words: ReadonlyMap<string, number>
  /** Tokens that are there from the start, the special ones first. */
  readonly tokens: ReadonlyArray<string>
  /** The tokens that there are in the end, at most. **Unit**: tokens. */
  readonly size: number
  /** Neighbours that occur less often than this stay apart. */
  readonly minFrequency: number
  /** What marks a token that does not begin a word. */
  readonly prefix: string
}

export interface Learned {
  /** By id. */
  readonly tokens: ReadonlyArray<string>
  readonly merges: ReadonlyArray<readonly [string, string]>
}

interface Word {
  readonly ids: ReadonlyArray<number>
  readonly count: number
}

interface Pair {
  readonly left: number
  readonly right: number
  readonly count: number
}

/**
 * Merges the most frequent neighbours again and again; where two pairs are equally frequent, those with the lower ids.
 *
 * **Law**: the same words give the same merges. **Source**: `BpeTrainer`, `WordPieceTrainer` (test/golden-own/tokenizers.test.ts).
 */
export const learn = ({ words, tokens: given, size, minFrequency, prefix }: Options): Learned => {
  const tokens = [...given]
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const idOf = (token: string): number => {
    const id = ids.get(token) ?? tokens.push(token) - 1
    ids.set(token, id)
    return id
  }
  const split = Array.from(
    words,
    ([word, count]): Word => ({
      ids: Array.from(word, (character, at) => idOf(at === 0 ? character : prefix + character)),
      count
    })
  )
  const pairs = countPairs(split)
  const queue = Heap.make<Pair>(
    (a, b) => a.count - b.count > 0 || (a.count === b.count && (a.left - b.left || a.right - b.right) < 0)
  )
  for (const key of pairs.keys()) queue.push(pairOf(key, pairs))

  const merges: Array<readonly [string, string]> = []
  while (tokens.length < size) {
    const pair = queue.pop()
    if (pair === undefined) break
    const key = keyOf(pair.left, pair.right)
    const found = pairs.get(key)
    if (found === undefined || found.count !== pair.count) {
      if (found !== undefined && found.count > 0) queue.push(pairOf(key, pairs)) // it has become rarer since it was put there
      continue
    }
    if (pair.count < Math.max(1, minFrequency)) break
    const [left, right] = [tokens[pair.left]!, tokens[pair.right]!]
    const merged = idOf(left + right.slice(prefix !== "" && right.startsWith(prefix) ? prefix.length : 0))
    merges.push([left, right])
    const touched = new Set<number>()
    for (const at of found.words) {
      const word = split[at]!
      const next = { ...word, ids: mergeIn(word.ids, pair, merged) }
      if (next.ids.length === word.ids.length) continue
      tally(pairs, word, at, -1)
      tally(pairs, next, at, 1)
      split[at] = next
      for (const [i, id] of next.ids.entries()) {
        if (id !== merged) continue
        if (i > 0) touched.add(keyOf(next.ids[i - 1]!, id))
        if (i + 1 < next.ids.length) touched.add(keyOf(id, next.ids[i + 1]!))
      }
    }
    pairs.delete(key)
    for (const key of touched) if (pairs.has(key)) queue.push(pairOf(key, pairs))
  }
  return { tokens, merges }
}

/** How often a pair occurs, and in which words it may. */
interface Count {
  count: number
  readonly words: Set<number>
}

const countPairs = (words: ReadonlyArray<Word>): Map<number, Count> => {
  const pairs = new Map<number, Count>()
  for (const [at, word] of words.entries()) tally(pairs, word, at, 1)
  return pairs
}

const tally = (pairs: Map<number, Count>, { ids, count }: Word, at: number, sign: 1 | -1): void => {
  for (let i = 0; i + 1 < ids.length; i++) {
    const key = keyOf(ids[i]!, ids[i + 1]!)
    const pair = pairs.get(key) ?? { count: 0, words: new Set() }
    pair.count += sign * count
    if (sign > 0) pair.words.add(at)
    pairs.set(key, pair)
  }
}

const mergeIn = (ids: ReadonlyArray<number>, { left, right }: Pair, merged: number): ReadonlyArray<number> => {
  const next: Array<number> = []
  for (let i = 0; i < ids.length; i++) {
    const found = ids[i] === left && ids[i + 1] === right
    next.push(found ? merged : ids[i]!)
    if (found) i++
  }
  return next
}

/** A pair as one number: ids take 26 bits. */
const keyOf = (left: number, right: number) => left * 2 ** 26 + right

const pairOf = (key: number, pairs: ReadonlyMap<number, Count>): Pair => {
  const left = Math.floor(key / 2 ** 26)
  return { left, right: key - left * 2 ** 26, count: pairs.get(key)!.count }
}
