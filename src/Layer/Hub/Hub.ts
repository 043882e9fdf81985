/** The hub: models, tokenizers and adapters by the name of their repository, as folders. */
import { Context, Effect, FileSystem, Layer, type Path } from "effect"
import { NotOnHub } from "./Errors.ts"
import * as FormerNames from "./FormerNames.ts"
import type { HubError, Service, Snapshot, Wanted } from "./HubService.ts"
import * as HuggingFace from "./HuggingFace.ts"

export type { HubError, Service, Snapshot, Wanted } from "./HubService.ts"

/** The hub of a program. It is Hugging Face's, as the environment has it, where no Layer says otherwise: names then work without one. */
export const Hub: Context.Reference<Service> = Context.Reference("regimen/Layer/Hub", { defaultValue: () => HuggingFace.make() })

/**
 * Provides Hugging Face's hub, or one that speaks as it does. What is left out is as the environment has it: `HF_ENDPOINT`, `HF_TOKEN` (or the file that
 * signing in leaves), `HF_HUB_CACHE` or `HF_HOME`, `HF_HUB_OFFLINE`. The cache folder is the one that Python's tools use, in their form.
 */
export const layer = (options: HuggingFace.Options = {}): Layer.Layer<never> => Layer.succeed(Hub, HuggingFace.make(options))

/**
 * Gives the folder that a text names: itself where there is one, and the snapshot of a repository where it looks like `owner/name`.
 *
 * **Errors**: those of the hub; a text that is neither comes back as it is.
 *
 * @example
 * ```ts
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { Hub } from "regimen/transformers"
 * import { readFileSync } from "node:fs"
 * import assert from "node:assert/strict"
 *
 * const hub = Hub.memory({ "me/model": { "config.json": "{}", "big.bin": "..." } })
 * const { folder } = await Effect.runPromise(
 *   Hub.resolve("me/model", { files: (path) => path.endsWith(".json") }).pipe(Effect.provide(Layer.merge(hub, NodeServices.layer)))
 * )
 * assert.equal(readFileSync(`${folder}/config.json`, "utf8"), "{}")
 * ```
 */
export const resolve = Effect.fn("Hub.resolve")(function* (
  name: string,
  wanted: Wanted
): Effect.fn.Return<Pick<Snapshot, "folder" | "files">, HubError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const suggestion = FormerNames.present(name)
  if ((suggestion === undefined && !isRepository(name)) || (yield* fs.exists(name))) return { folder: name, files: [] }
  if (suggestion !== undefined) return yield* new NotOnHub({ repo: name, what: "repository", name, suggestion })
  return yield* (yield* Hub).snapshot(name, wanted)
})

/** Whether a text looks like `owner/name`. */
export const isRepository = (name: string): boolean =>
  /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9_][\w.-]*$/.test(name) && !name.includes("..") && name.length <= 96
