/** Tokenizers whose files are read and written with promises; all else is the `Tokenizer` of the main entry. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import * as Tokenizer from "../../Tokenizer/Tokenizers.ts"

export * from "../../Tokenizer/Tokenizers.ts"

/** Loads the tokenizer of a folder, as `Tokenizer.load` of `regimen` does. **Errors**: the promise is rejected with those. */
export const load = (folder: string): Promise<Tokenizer.Tokenizer> =>
  Effect.runPromise(Effect.provide(Tokenizer.load(folder), NodeServices.layer))

/** Saves a tokenizer's files to a folder, as `Tokenizer.save` of `regimen` does. **Errors**: the promise is rejected with those. */
export const save = (tokenizer: Tokenizer.Tokenizer, folder: string): Promise<void> =>
  Effect.runPromise(Effect.provide(Tokenizer.save(tokenizer, folder), NodeServices.layer))
