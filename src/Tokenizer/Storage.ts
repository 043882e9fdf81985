/** Loads and saves tokenizers in the folder of a model or a checkpoint. */
import { Effect, FileSystem, Path } from "effect"
import { TokenizerInvalid, TokenizerMissing, TokenizerUnsupported } from "./Errors.ts"
import { fromFiles, names } from "./HuggingFace.ts"
import type { Tokenizer } from "./Tokenizer.ts"

/**
 * Loads the tokenizer of a folder: tokenizer.json, and if present tokenizer_config.json, special_tokens_map.json and chat_template.jinja.
 *
 * **Errors**: `TokenizerMissing` without a tokenizer.json, `TokenizerInvalid` for a file that cannot be parsed, `TokenizerUnsupported`, and the file system's.
 */
export const load = Effect.fn("Tokenizer.load")(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const files: { [name: string]: string } = {}
  for (const name of names) {
    const file = path.join(folder, name)
    if (yield* fs.exists(file)) files[name] = yield* fs.readFileString(file)
  }
  if (files[names[0]] === undefined) return yield* new TokenizerMissing({ file: path.join(folder, names[0]) })
  return yield* Effect.try({
    try: () => fromFiles(files),
    catch: (cause) => toTypedError(cause, (file) => path.join(folder, file))
  })
})

/**
 * Saves a tokenizer's files to a folder, which is created if needed and which transformers can load.
 *
 * **Law**: `load` returns a tokenizer with the same files (test/property/Tokenizer.test.ts). **Errors**: the file system's.
 */
export const save = Effect.fn("Tokenizer.save")(function* (tokenizer: Tokenizer, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* fs.makeDirectory(folder, { recursive: true })
  for (const [name, content] of Object.entries(tokenizer.files)) yield* fs.writeFileString(path.join(folder, name), content)
})

/** Converts what `fromFiles` throws to a typed error with the full path of the file. */
const toTypedError = (cause: unknown, pathOf: (file: string) => string) => {
  if (cause instanceof TokenizerInvalid) return new TokenizerInvalid({ file: pathOf(cause.file), reason: cause.reason })
  if (cause instanceof TokenizerMissing || cause instanceof TokenizerUnsupported) return cause
  return new TokenizerUnsupported({ reason: String(cause) })
}
