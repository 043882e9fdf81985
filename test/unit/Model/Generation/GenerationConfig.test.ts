/** Values of settings, one by one: those that can be, and those that cannot. */
import { expect, it } from "@effect/vitest"
import { Result } from "effect"
import { defaults, type Input, make, merge, type Settings } from "../../../../src/Model/Generation/GenerationConfig.ts"

const cases: { readonly [K in keyof Settings]: { readonly good: ReadonlyArray<unknown>; readonly bad: ReadonlyArray<unknown> } } =
  {
    maxLength: { good: [1, null], bad: [0, 1.5, "3"] },
    maxNewTokens: { good: [1, null], bad: [0, -1] },
    minLength: { good: [0, 5], bad: [-1, null, 0.5] },
    minNewTokens: { good: [0, null], bad: [-1] },
    numBeams: { good: [1, 5], bad: [0, 1.5, null] },
    numReturnSequences: { good: [1], bad: [0, 2, null] },
    earlyStopping: { good: [true, false, "never"], bad: ["always", null] },
    lengthPenalty: { good: [0, -1, 2.5], bad: [Number.NaN, Infinity, "1"] },
    doSample: { good: [true, false], bad: [1, null] },
    temperature: { good: [0.1, 3], bad: [0, -1, Infinity, Number.NaN] },
    topK: { good: [0, 1], bad: [-1, 1.5] },
    topP: { good: [0.1, 1], bad: [0, 1.1, Number.NaN] },
    minP: { good: [0, 1, null], bad: [-0.1, 1.1] },
    typicalP: { good: [0.1, 1], bad: [0, 1.1] },
    epsilonCutoff: { good: [0, 0.9], bad: [-0.1, 1] },
    etaCutoff: { good: [0, 0.9], bad: [-0.1, 1] },
    repetitionPenalty: { good: [0.5, 2], bad: [0, -1] },
    noRepeatNgramSize: { good: [0, 3], bad: [-1, 0.5] },
    encoderRepetitionPenalty: { good: [0.5, 2], bad: [0] },
    encoderNoRepeatNgramSize: { good: [0, 3], bad: [-1] },
    badWordsIds: { good: [[[1]], [[1, 2], [3]], null], bad: [[], [[]], [1], [[-1]]] },
    suppressTokens: { good: [[1], [], null], bad: [1, [0.5]] },
    beginSuppressTokens: { good: [[1], [], null], bad: [1] },
    forcedBosTokenId: { good: [0, null], bad: [-1, [1]] },
    forcedEosTokenId: { good: [0, [1, 2], null], bad: [-1, []] },
    exponentialDecayLengthPenalty: { good: [[0, 1.1], null], bad: [[1], [1, 0], [-1, 2], [1.5, 2]] },
    renormalizeLogits: { good: [true], bad: [1] },
    padTokenId: { good: [0, null], bad: [-1, 0.5] },
    bosTokenId: { good: [0, null], bad: [-1] },
    eosTokenId: { good: [0, [1, 2], null], bad: [-1, [], [0.5]] },
    decoderStartTokenId: { good: [0, null], bad: [-1] }
  }
const each = Object.entries(cases).flatMap(([field, { bad, good }]) => [
  ...good.map((value) => [field, value, true] as const),
  ...bad.map((value) => [field, value, false] as const)
])

it.each(each)("%s may be %j: %s", (field, value, may) => {
  const made = make({ [field]: value } as Input)
  if (Result.isSuccess(made)) expect([may, made.success[field as keyof Settings]]).toEqual([true, value])
  else expect([may, made.failure.field]).toEqual([false, field])
})

it("beams, draws and returned texts go together or not", () => {
  const may = (input: Input) => Result.isSuccess(make(input))
  expect(may({ numBeams: 3, numReturnSequences: 3 })).toBe(true)
  expect(may({ numBeams: 3, numReturnSequences: 4 })).toBe(false)
  expect(may({ doSample: true, numReturnSequences: 4 })).toBe(true)
  expect(may({ doSample: true, numBeams: 2 })).toBe(false)
})

it("later ones win, undefined is absent, null is none", () => {
  expect(merge({ topK: 1, eosTokenId: 3 }, { topK: undefined, eosTokenId: null }, { minP: 0.1 })).toEqual({
    topK: 1,
    eosTokenId: null,
    minP: 0.1
  })
  expect(Result.getOrThrow(make())).toEqual(defaults)
  expect(Result.getOrThrow(make({ topK: 1 }, { topK: undefined })).topK).toBe(1)
})
