/** The state's codec gives back what it was given. */
import { it as effectIt } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Plans from "../../src/Testing/Arbitraries.ts"
import { fromArray, TrainerState, toArray } from "../../src/TrainerState.ts"

it("decode(encode(state)) is the state, through JSON", () => {
  fc.assert(
    fc.property(Plans.state, (state) => {
      const json = JSON.stringify(Schema.encodeSync(TrainerState)(state))
      expect(Schema.decodeUnknownSync(TrainerState)(JSON.parse(json))).toEqual(state)
    }),
    { numRuns: 500 }
  )
})

it("a list of evaluations is the array that it came from", () => {
  fc.assert(
    fc.property(Plans.state, ({ evaluations }) => {
      expect(fromArray(toArray(evaluations))).toEqual(evaluations)
      expect(evaluations?.size ?? 0).toBe(toArray(evaluations).length)
    }),
    { numRuns: 200 }
  )
})

effectIt.prop("the schema generates states that its codec gives back", [TrainerState], ([state]) => {
  const codec = Schema.toCodecJson(TrainerState)
  const json = JSON.stringify(Schema.encodeSync(codec)(state))
  expect(JSON.stringify(Schema.encodeSync(codec)(Schema.decodeUnknownSync(codec)(JSON.parse(json))))).toBe(json)
})
