/** Trains the merges of byte-pair encoding, and of WordPiece as Hugging Face trains it. */
import * as Heap from "./Heap.ts"

export interface Options {
  /** The frequency of each word. With a `prefix`, the order of the words determines the ids of the characters. */
  readonly words: ReadonlyMap<string, number>
  /** The initial vocabulary, special tokens first. */
  readonly tokens: ReadonlyArray<string>
  /** The maximum size of the vocabulary. **Unit**: tokens. */
  readonly vocabularySize: number
  /** Pairs that occur less often than this are not merged. */
  readonly minFrequency: number
  /** The prefix of tokens that continue a word, as `##`. */
  readonly prefix: string
}

/** A trained vocabulary and its merges, in order. */
export interface Vocabulary {
  /** Tokens by id. */
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
 * Repeatedly merges the most frequent pair of adjacent tokens; of equally frequent pairs, the one with the lower ids.
 *
 * **Law**: the same words give the same merges. **Source**: `BpeTrainer`, `WordPieceTrainer` (test/golden-own/tokenizers.test.ts).
 */
export const train = ({ words, tokens: initial, vocabularySize, minFrequency, prefix }: Options): Vocabulary => {
  const tokens = [...initial]
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
  while (tokens.length < vocabularySize) {
    const pair = queue.pop()
    if (pair === undefined) break
    const key = keyOf(pair.left, pair.right)
    const current = pairs.get(key)
    if (current === undefined || current.count !== pair.count) {
      if (current !== undefined && current.count > 0) queue.push(pairOf(key, pairs)) // its count has decreased since it was pushed
      continue
    }
    if (pair.count < Math.max(1, minFrequency)) break
    const [left, right] = [tokens[pair.left]!, tokens[pair.right]!]
    const merged = idOf(left + right.slice(prefix !== "" && right.startsWith(prefix) ? prefix.length : 0))
    merges.push([left, right])
    const changedPairs = new Set<number>()
    for (const at of current.words) {
      const word = split[at]!
      const next = { ...word, ids: mergePair(word.ids, pair, merged) }
      if (next.ids.length === word.ids.length) continue
      addPairs(pairs, word, at, -1)
      addPairs(pairs, next, at, 1)
      split[at] = next
      for (const [i, id] of next.ids.entries()) {
        if (id !== merged) continue
        if (i > 0) changedPairs.add(keyOf(next.ids[i - 1]!, id))
        if (i + 1 < next.ids.length) changedPairs.add(keyOf(id, next.ids[i + 1]!))
      }
    }
    pairs.delete(key)
    for (const key of changedPairs) if (pairs.has(key)) queue.push(pairOf(key, pairs))
  }
  return { tokens, merges }
}

/** The frequency of a pair, and the indices of the words that may contain it. */
interface Count {
  count: number
  readonly words: Set<number>
}

const countPairs = (words: ReadonlyArray<Word>): Map<number, Count> => {
  const pairs = new Map<number, Count>()
  for (const [at, word] of words.entries()) addPairs(pairs, word, at, 1)
  return pairs
}

const addPairs = (pairs: Map<number, Count>, { ids, count }: Word, at: number, sign: 1 | -1): void => {
  for (let i = 0; i + 1 < ids.length; i++) {
    const key = keyOf(ids[i]!, ids[i + 1]!)
    const pair = pairs.get(key) ?? { count: 0, words: new Set() }
    pair.count += sign * count
    if (sign > 0) pair.words.add(at)
    pairs.set(key, pair)
  }
}

const mergePair = (ids: ReadonlyArray<number>, { left, right }: Pair, merged: number): ReadonlyArray<number> => {
  const next: Array<number> = []
  for (let i = 0; i < ids.length; i++) {
    const isPair = ids[i] === left && ids[i + 1] === right
    next.push(isPair ? merged : ids[i]!)
    if (isPair) i++
  }
  return next
}

/** Encodes a pair as one number: ids take 26 bits. */
const keyOf = (left: number, right: number) => left * 2 ** 26 + right

const pairOf = (key: number, pairs: ReadonlyMap<number, Count>): Pair => {
  const left = Math.floor(key / 2 ** 26)
  return { left, right: key - left * 2 ** 26, count: pairs.get(key)!.count }
}
