/** Choices by name: the same seed and names make the same choices, whatever else is drawn. */
import { Key, Random } from "../../src/nn.ts"

export interface Draw {
  readonly key: Key.Key
  /** A whole number from `least` to `most`, both included. */
  readonly whole: (name: string, least: number, most: number) => number
  readonly pick: <const A>(name: string, values: ReadonlyArray<A>) => A
  readonly chance: (name: string, probability?: number) => boolean
  /** The fields, or none of them: then defaults hold. */
  readonly maybe: <A extends object>(name: string, fields: A) => A | object
}

export const make = (key: Key.Key): Draw => {
  const fraction = (name: string) => Random.uniform(Key.fold(key, name), [1]).data[0]!
  const whole = (name: string, least: number, most: number) => least + Math.floor(fraction(name) * (most - least + 1))
  const chance = (name: string, probability = 0.5) => fraction(name) < probability
  return {
    key,
    whole,
    chance,
    pick: (name, values) => values[whole(name, 0, values.length - 1)]!,
    maybe: (name, fields) => (chance(name, 0.7) ? fields : {})
  }
}
