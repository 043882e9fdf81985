import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as RunAttempt from "../../../src/Checkpoint/RunAttempt.ts"

describe("Session", () => {
  it.effect("names a run from the Random service alone", () =>
    Effect.gen(function* () {
      const named = (seed: string) => RunAttempt.next(undefined).pipe(Random.withSeed(seed))
      const [first, again, other] = [yield* named("a"), yield* named("a"), yield* named("b")]
      assert.deepStrictEqual(first, again)
      assert.notStrictEqual(first.run, other.run)
      assert.match(first.run, /^[0-9a-f]{12}$/)
      assert.deepStrictEqual(yield* RunAttempt.next(first), { run: first.run, attempt: 2 })
    })
  )
})
