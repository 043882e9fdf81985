/** A model's `generation_config.json`: read, and carried with the model so that it is written beside it. */
import { Effect, FileSystem, Path, type PlatformError, Schema } from "effect"
import * as PythonJson from "../Format/PythonJson.ts"
import * as Hub from "../Layer/Hub/Hub.ts"
import type { Config } from "../Model/Config.ts"
import type { Transformer } from "../Model/Transformer.ts"

/** There is no such file, or it is none. */
export class NoGenerationConfig extends Schema.TaggedError<NoGenerationConfig>()("NoGenerationConfig", {
  at: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `There is no generation config at "${this.at}": ${this.reason}. Give a ${name}, or a folder or a repository that has one.`
  }
}

export const name = "generation_config.json"

/**
 * Reads the file: by its path, from a folder, or from a repository of the hub.
 *
 * **Errors**: `NoGenerationConfig`, the hub's and the file system's. **Source**: `GenerationConfig.from_pretrained`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { mkdtempSync, writeFileSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect } from "effect"
 * import { GenerationConfigFile } from "regimen/transformers"
 *
 * const folder = mkdtempSync(join(tmpdir(), "model-"))
 * writeFileSync(join(folder, "generation_config.json"), '{ "num_beams": 4 }')
 * const config = await Effect.runPromise(GenerationConfigFile.load(folder).pipe(Effect.provide(NodeServices.layer)))
 * assert.deepEqual(config, { num_beams: 4 })
 * ```
 */
export const load = Effect.fn("GenerationConfigFile.load")(function* (
  at: string
): Effect.fn.Return<Config, NoGenerationConfig | Hub.HubError | PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { folder } = yield* Hub.resolve(at, { files: (file) => file === name })
  if (!(yield* fs.exists(folder))) return yield* new NoGenerationConfig({ at, reason: "there is no such file or folder" })
  const file = (yield* fs.stat(folder)).type === "Directory" ? path.join(folder, name) : folder
  if (!(yield* fs.exists(file))) return yield* new NoGenerationConfig({ at, reason: `it has no ${name}` })
  const text = yield* fs.readFileString(file)
  const refuse = () => new NoGenerationConfig({ at, reason: "it is not a JSON object" })
  const value = yield* Effect.try({ try: () => PythonJson.parse(text), catch: refuse })
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Config) : yield* refuse()
})

/**
 * Gives a model a generation config: it writes texts by it, and it is saved with it, with every name that it has.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { GenerationConfigFile, Transformers } from "regimen/transformers"
 *
 * const config = { model_type: "gpt2", vocab_size: 20, n_embd: 8, n_layer: 1, n_head: 2 }
 * const model = Result.getOrThrow(Transformers.make(config, "GPT2LMHeadModel"))
 * const brief = GenerationConfigFile.attach(model, { max_new_tokens: 5 })
 * assert.ok(brief.files!["generation_config.json"]!.includes("max_new_tokens"))
 * ```
 */
export const attach = <M extends Transformer>(model: M, generation: Config): M => {
  const sorted = Object.fromEntries(Object.entries(generation).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { ...model, generation, files: { ...model.files, [name]: `${PythonJson.stringify(sorted, 2)}\n` } }
}
