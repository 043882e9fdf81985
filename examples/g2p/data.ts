/** The pronouncing dictionary as rows of tokens: letters in, phonemes out, stress stripped. All variants of a word are on one side of the split. */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { fetchPackage } from "../data/npm.ts"

const file = join(fetchPackage("cmu-pronouncing-dictionary@3.0.0"), "index.js")
const { dictionary }: { readonly dictionary: Readonly<Record<string, string>> } = await import(pathToFileURL(file).href)

export interface Word {
  readonly word: string
  /** The pronunciations. */
  readonly variants: ReadonlyArray<ReadonlyArray<string>>
}

const spelled = /^[a-z']+$/

/** `READ` and `READ(1)` are variants of one word. */
const words = (): ReadonlyArray<Word> => {
  const byWord = new Map<string, Array<ReadonlyArray<string>>>()
  for (const [entry, spoken] of Object.entries(dictionary)) {
    const word = entry.replace(/\(\d+\)$/, "").toLowerCase()
    if (!spelled.test(word)) continue
    const phonemes = spoken.replace(/#.*$/, "").replace(/\d/g, "").trim().split(" ")
    byWord.set(word, [...(byWord.get(word) ?? []), phonemes])
  }
  return [...byWord].map(([word, variants]) => ({ word, variants }))
}

/** A word's side of the split: by a hash of its letters, so that it does not depend on the others. */
const heldOut = (word: string): boolean => {
  let hash = 2166136261
  for (const letter of word) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619)
  return (hash >>> 0) % 100 < 5
}

const all = words()
export const train = all.filter(({ word }) => !heldOut(word))
export const test = all.filter(({ word }) => heldOut(word))

/** Tokens: 0 pads and begins, 1 ends. */
export const pad = 0
export const end = 1
export const letters = ["'", ..."abcdefghijklmnopqrstuvwxyz"]
export const phonemes = [...new Set(all.flatMap(({ variants }) => variants.flat()))].sort()
export const vocabulary = 2 + letters.length + phonemes.length

const ids = new Map([...letters, ...phonemes].map((symbol, i) => [symbol, 2 + i]))

export const spell = (word: string): ReadonlyArray<number> => [...Array.from(word, (letter) => ids.get(letter)!), end]
export const say = (spoken: ReadonlyArray<string>): ReadonlyArray<number> => [...spoken.map((symbol) => ids.get(symbol)!), end]

/** Phonemes of generated ids, up to the end. */
export const phonemesOf = (generated: ReadonlyArray<number>): ReadonlyArray<string> => {
  const stop = generated.indexOf(end)
  return generated.slice(0, stop < 0 ? undefined : stop).flatMap((id) => phonemes[id - 2 - letters.length] ?? [])
}

/** One row for each variant. */
export const rows = (words: ReadonlyArray<Word>) =>
  words.flatMap(({ variants, word }) => variants.map((spoken) => ({ input_ids: spell(word), labels: say(spoken) })))
