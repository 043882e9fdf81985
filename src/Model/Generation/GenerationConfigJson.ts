/** Settings under the names of a `generation_config.json`. */
import { Result } from "effect"
import type { Config } from "../Config.ts"
import { InvalidGeneration } from "./Errors.ts"
import { defaults, type Input, make, type Settings, usualLength } from "./GenerationConfig.ts"

/**
 * Reads settings with the file's names, as a person gives them: null asks for nothing.
 *
 * **Errors**: `InvalidGeneration` for a value that cannot be, a name that there is not, and a way to generate that is not here.
 */
export const fromJson = (json: Config): Result.Result<Input, InvalidGeneration> =>
  Result.flatMap(read(json, true), (input) => Result.map(make(input), () => input))

/**
 * Reads a model's own `generation_config.json`. Names that are not transformers' are ignored, and a `max_length` of 20 is as good as absent, as there. What a
 * call says can still change it, so values are looked at together, by `make`.
 *
 * **Errors**: `InvalidGeneration` for a way to generate that is not here.
 */
export const ofFile = (json: Config): Result.Result<Input, InvalidGeneration> =>
  Result.map(read(json, false), ({ maxLength, ...input }) => (maxLength === usualLength ? input : { ...input, maxLength }))

/** Writes settings with the file's names; settings that are not given are omitted. **Law**: `fromJson` gives them back. */
export const toJson = (input: Input): Config =>
  Object.fromEntries(Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [[snake(name), value]])))

/** What of a model's own config says how texts are generated; files of old have it there. */
export const pick = (config: Config): Config =>
  Object.fromEntries(Object.entries(config).filter(([name]) => names.has(name) || Object.hasOwn(idle, name)))

const read = (json: Config, strict: boolean): Result.Result<Input, InvalidGeneration> => {
  const input: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    const known = names.get(name)
    // null is absent, or off: for all but this one the defaults are that
    if (value === null) {
      if (known === "topK") input[known] = 0
    } else if (known !== undefined) input[known] = value
    else if (Object.hasOwn(idle, name) ? value !== idle[name] : strict && !silent.has(name))
      return Result.fail(
        new InvalidGeneration({
          field: name,
          reason: `it is ${JSON.stringify(value)}, and there is no such way to generate here. Take it out.`
        })
      )
  }
  return Result.succeed(input)
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const names: ReadonlyMap<string, keyof Settings> = new Map(
  Object.keys(defaults).map((name) => [snake(name), name as keyof Settings])
)

/** What would change a text and is not here, and the value that asks for nothing; null does not either. */
const idle: Config = {
  constraints: null,
  diversity_penalty: 0,
  dola_layers: null,
  force_words_ids: null,
  guidance_scale: 1,
  low_memory: false,
  max_time: null,
  num_beam_groups: 1,
  penalty_alpha: null,
  prompt_lookup_num_tokens: null,
  remove_invalid_values: false,
  sequence_bias: null,
  stop_strings: null,
  token_healing: false,
  watermarking_config: null
}

/** What is about something else than what is written: how it is worked out, and what beside it is given back. */
const silent = new Set([
  ...["_commit_hash", "_from_model_config", "transformers_version", "return_dict_in_generate", "return_legacy_cache"],
  ...["output_attentions", "output_hidden_states", "output_logits", "output_scores"],
  ...["use_cache", "cache_implementation", "cache_config", "prefill_chunk_size", "compile_config", "disable_compile"],
  ...["num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold", "assistant_early_exit"],
  ...["assistant_lookbehind", "target_lookbehind", "max_matching_ngram_size"]
])
