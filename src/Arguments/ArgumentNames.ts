/** Converts argument names between snake_case (JSON, the command line) and camelCase (code), and suggests the nearest name. */

export type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name

export const toCamel = <Name extends string>(name: Name): Camel<Name> =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) as Camel<Name>

export const toSnake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Finds the nearest name, with an edit distance of at most a third of its length. */
export const nearest = (name: string, names: Iterable<string>): string | undefined => {
  let best: string | undefined
  let least = Math.floor(name.length / 3) + 1
  for (const candidate of names) {
    const away = distance(name, candidate)
    if (away < least) [best, least] = [candidate, away]
  }
  return best
}

/** Computes the Levenshtein distance. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same))
    }
    row = next
  }
  return row[to.length]!
}
