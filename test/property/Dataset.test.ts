import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Sampler from "../../src/Data/Sampler.ts"

const cases = { numRuns: 300 }
const percent = fc.nat(100).map((n) => n / 100)

describe("Dataset", () => {
  test("splitting a longer dataset extends both halves", () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 60 }), fc.nat(), percent, (keys, at, heldOut) => {
        const halves = (rows: ReadonlyArray<string>) =>
          Effect.runSync(
            Effect.gen(function* () {
              const split = yield* Dataset.fromArray(rows).pipe(Dataset.split({ heldOut, key: (key) => key }))
              const all = (half: Dataset.Dataset<string>) => half.rows([...Sampler.sequential(half.size, 0)])
              return { train: yield* all(split.train), heldOut: yield* all(split.heldOut) }
            })
          )
        const cut = at % (keys.length + 1)
        const [short, whole] = [halves(keys.slice(0, cut)), halves(keys)]
        expect(whole.train.slice(0, short.train.length)).toEqual(short.train)
        expect(whole.heldOut.slice(0, short.heldOut.length)).toEqual(short.heldOut)
        expect([...whole.train, ...whole.heldOut].sort()).toEqual([...keys].sort())
      }),
      cases
    ))
})
