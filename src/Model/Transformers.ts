/** The transformers that are here, made from Hugging Face configs. */
import { Result } from "effect"
import { UnknownActivation } from "./Activation.ts"
import * as Bert from "./Bert.ts"
import { type Config, InvalidConfig, reader } from "./Config.ts"
import * as Gpt2 from "./Gpt2.ts"
import * as Llama from "./Llama.ts"
import { UnknownRope } from "./Rotary.ts"
import * as T5 from "./T5.ts"
import { type Make, type Transformer, UnknownArchitecture } from "./Transformer.ts"

export type { Config } from "./Config.ts"
export type { Transformer } from "./Transformer.ts"
export { InvalidConfig, UnknownActivation, UnknownArchitecture, UnknownRope }

/** What can be wrong with a config. */
export type ConfigError = InvalidConfig | UnknownActivation | UnknownArchitecture | UnknownRope

/**
 * Makes the model of a config: the architecture that it names first, or the one asked for. What the config leaves out is as transformers has it.
 *
 * **Errors**: `UnknownArchitecture`, `InvalidConfig`, `UnknownActivation`, `UnknownRope`.
 *
 * @example
 * ```ts
 * import { Key } from "regimen/nn"
 * import { Transformers } from "regimen/transformers"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 *
 * const model = Result.getOrThrow(
 *   Transformers.make({
 *     architectures: ["BertForSequenceClassification"],
 *     model_type: "bert",
 *     vocab_size: 100,
 *     hidden_size: 8,
 *     num_hidden_layers: 1,
 *     num_attention_heads: 2,
 *     intermediate_size: 16,
 *     num_labels: 3
 *   })
 * )
 * assert.deepEqual(model.init(Key.make(0))["classifier.weight"]!.shape, [3, 8])
 * ```
 */
export const make = (config: Config, architecture: string = named(config)): Result.Result<Transformer, ConfigError> => {
  const found = Object.hasOwn(all, architecture) ? all[architecture] : undefined
  if (found === undefined)
    return Result.fail(new UnknownArchitecture({ architecture, modelType: String(config.model_type), known: Object.keys(all) }))
  return Result.try({
    try: () => {
      const model = found(config)
      // One family's names in another's config would all be left at their defaults.
      reader(config).only("model_type", model.modelType)
      return model
    },
    catch: (cause) => {
      if (cause instanceof InvalidConfig || cause instanceof UnknownActivation || cause instanceof UnknownRope) return cause
      throw cause
    }
  })
}

/** The names of the architectures that are here. */
export const architectures = (): ReadonlyArray<string> => Object.keys(all)

const named = ({ architectures }: Config): string => (Array.isArray(architectures) ? String(architectures[0]) : "none")

const all: Readonly<Record<string, Make>> = {
  ...Bert.architectures(),
  ...Gpt2.architectures,
  ...Llama.architectures,
  ...T5.architectures
}
