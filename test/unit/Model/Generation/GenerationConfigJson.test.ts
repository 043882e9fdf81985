/** Settings under the names of the file: what is read, kept, left out and refused. */
import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import { defaults } from "../../../../src/Model/Generation/GenerationConfig.ts"
import * as GenerationConfigJson from "../../../../src/Model/Generation/GenerationConfigJson.ts"

const message = (read: Result.Result<unknown, Error>) => (Result.isFailure(read) ? read.failure.message : "it was read")

describe("fromJson", () => {
  it("takes the file's names; null is absent, and no top_k is all tokens", () => {
    const given = {
      num_beams: 4,
      eos_token_id: [1, 2],
      early_stopping: "never",
      top_p: null,
      eta_cutoff: 0.1,
      top_k: null,
      max_length: 20
    }
    expect(Result.getOrThrow(GenerationConfigJson.fromJson(given))).toEqual({
      numBeams: 4,
      eosTokenId: [1, 2],
      earlyStopping: "never",
      etaCutoff: 0.1,
      topK: 0,
      maxLength: 20
    })
  })

  it("gives all settings back that were written", () => {
    const written = GenerationConfigJson.toJson({
      ...defaults,
      topK: 7,
      badWordsIds: [[1, 2]],
      exponentialDecayLengthPenalty: [2, 1.5]
    })
    expect(Object.keys(written)).toHaveLength(Object.keys(defaults).length)
    expect(Result.getOrThrow(GenerationConfigJson.fromJson(written))).toMatchObject({
      topK: 7,
      badWordsIds: [[1, 2]],
      exponentialDecayLengthPenalty: [2, 1.5]
    })
    expect(GenerationConfigJson.toJson({ topK: undefined })).toEqual({})
  })

  it.each([
    ["penalty_alpha", 0.6],
    ["num_beam_groups", 2],
    ["diversity_penalty", 0.5],
    ["guidance_scale", 1.5],
    ["stop_strings", ["."]],
    ["max_time", 3],
    ["constraints", []],
    ["force_words_ids", [[1]]],
    ["sequence_bias", [[[1], 2]]],
    ["dola_layers", "low"],
    ["prompt_lookup_num_tokens", 3],
    ["remove_invalid_values", true],
    ["token_healing", true],
    ["low_memory", true],
    ["watermarking_config", { bias: 1 }]
  ])("refuses %s, in a file too", (name, value) => {
    expect(message(GenerationConfigJson.fromJson({ [name]: value }))).toContain(`${name}: it is ${JSON.stringify(value)}`)
    expect(message(GenerationConfigJson.ofFile({ [name]: value }))).toContain(name)
    expect(message(GenerationConfigJson.fromJson({ [name]: null }))).toBe("it was read")
  })

  it("is not stopped by what asks for nothing, or is not about texts", () => {
    const idle = {
      num_beam_groups: 1,
      diversity_penalty: 0,
      guidance_scale: 1,
      low_memory: false,
      use_cache: true,
      transformers_version: "4.57.6"
    }
    expect(
      Result.getOrThrow(GenerationConfigJson.fromJson({ ...idle, output_scores: true, cache_implementation: "static" }))
    ).toEqual({})
  })

  it("refuses names that there are not, and values that cannot be", () => {
    expect(message(GenerationConfigJson.fromJson({ num_beamz: 2 }))).toContain("num_beamz")
    expect(message(GenerationConfigJson.fromJson({ constructor: 2 }))).toContain("constructor")
    expect(message(GenerationConfigJson.fromJson({ top_p: 2 }))).toContain("topP: it must be greater than 0, and at most 1")
  })
})

describe("ofFile", () => {
  it("lets other names be, and takes transformers' own length for none", () => {
    expect(Result.getOrThrow(GenerationConfigJson.ofFile({ mine: 1, max_length: 20, num_beams: 2 }))).toEqual({ numBeams: 2 })
    expect(Result.getOrThrow(GenerationConfigJson.ofFile({ max_length: 21 }))).toEqual({ maxLength: 21 })
  })

  it("leaves it to the call to mend what does not go together", () => {
    expect(Result.getOrThrow(GenerationConfigJson.ofFile({ do_sample: true, num_beams: 2 }))).toEqual({
      doSample: true,
      numBeams: 2
    })
  })
})

it("takes from a model's config what old ones say of texts, and no more", () => {
  const config = { vocab_size: 9, num_beams: 4, eos_token_id: 1, diversity_penalty: 0, toString: 1 }
  expect(GenerationConfigJson.pick(config)).toEqual({ num_beams: 4, eos_token_id: 1, diversity_penalty: 0 })
})
