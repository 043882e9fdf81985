/** Loads and saves models with promises, for programs without Effect. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import * as Pretrained from "../../Checkpoint/Pretrained.ts"

export type { Options, Pretrained, PretrainedError } from "../../Checkpoint/Pretrained.ts"

/**
 * Reads a model from a folder, or from the hub by its name, as `Pretrained.load` of `regimen` does.
 *
 * **Errors**: the promise is rejected with those. **Source**: `from_pretrained`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { mkdtempSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 * import { Result } from "effect"
 * import { Key } from "regimen/nn"
 * import { Transformers } from "regimen/transformers"
 * import { Pretrained, Tokenizer } from "regimen/promise"
 *
 * const folder = mkdtempSync(join(tmpdir(), "bert-"))
 * const config = { model_type: "bert", vocab_size: 259, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 8 }
 * const model = Result.getOrThrow(Transformers.make(config, "BertForSequenceClassification"))
 * await Pretrained.save(folder, { model, parameters: model.init(Key.make(1)) })
 * await Tokenizer.save(Tokenizer.bytes(), folder)
 *
 * const { model: loaded } = await Pretrained.load(folder)
 * const tokenizer = await Tokenizer.load(folder)
 * assert.equal(loaded.architecture, "BertForSequenceClassification")
 * assert.deepEqual(Tokenizer.encode(tokenizer, "ab").input_ids, [97, 98])
 * ```
 */
export const load = (name: string, options?: Pretrained.Options): Promise<Pretrained.Pretrained> =>
  Effect.runPromise(Effect.provide(Pretrained.load(name, options), NodeServices.layer))

/** Writes a model so that transformers loads it, as `Pretrained.save` of `regimen` does. **Errors**: the promise is rejected with those. */
export const save = (...given: Parameters<typeof Pretrained.save>): Promise<void> =>
  Effect.runPromise(Effect.provide(Pretrained.save(...given), NodeServices.layer))
