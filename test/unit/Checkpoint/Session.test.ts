import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as Session from "../../../src/Checkpoint/Session.ts"

describe("Session", () => {
  it.effect("names a run from the Random service alone", () =>
    Effect.gen(function* () {
      const named = (seed: string) => Session.next(undefined).pipe(Random.withSeed(seed))
      const [first, again, other] = [yield* named("a"), yield* named("a"), yield* named("b")]
      assert.deepStrictEqual(first, again)
      assert.notStrictEqual(first.run, other.run)
      assert.match(first.run, /^[0-9a-f]{12}$/)
      assert.deepStrictEqual(yield* Session.next(first), { run: first.run, attempt: 2 })
    })
  )
})
