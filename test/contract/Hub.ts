import { readFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Hub } from "../../src/Layer/Hub/Hub.ts"

/** What the hub of the suite must have, as `me/model`, and nothing else. */
export const files = {
  "config.json": "{}",
  "model.safetensors": new Uint8Array([0, 1, 2, 255]),
  "onnx/model.onnx": "o",
  empty: ""
}

/** What every hub promises. `layer` is one that has `files`. */
export const suite = (name: string, layer: Layer.Layer<never, unknown>) =>
  describe(`Hub: ${name}`, () => {
    const test = (title: string, body: (hub: typeof Hub.Service) => Effect.Effect<unknown, unknown, NodeServices.NodeServices>) =>
      it.live(title, () =>
        Effect.gen(function* () {
          yield* body(yield* Hub)
        }).pipe(Effect.provide(Layer.merge(layer, NodeServices.layer)))
      )

    test("gives a folder with the files that are wanted, byte by byte, and says which others there are", (hub) =>
      Effect.gen(function* () {
        const { folder, files: all, commit } = yield* hub.snapshot("me/model", { files: (path) => path !== "model.safetensors" })
        assert.deepStrictEqual([...all].sort(), Object.keys(files).sort())
        assert.match(commit, /^[0-9a-f]{40}$/)
        for (const path of ["config.json", "onnx/model.onnx", "empty"] as const)
          assert.strictEqual(readFileSync(join(folder, path), "utf8"), files[path])
        assert.throws(() => readFileSync(join(folder, "model.safetensors")))
      }))

    test("gives the same folder again, with what is wanted beside it", (hub) =>
      Effect.gen(function* () {
        const first = yield* hub.snapshot("me/model", { files: (path) => path === "config.json" })
        const second = yield* hub.snapshot("me/model", { revision: "main", files: (path) => path === "model.safetensors" })
        assert.strictEqual(first.folder, second.folder)
        assert.deepStrictEqual(new Uint8Array(readFileSync(join(first.folder, "model.safetensors"))), files["model.safetensors"])
        assert.strictEqual(readFileSync(join(first.folder, "config.json"), "utf8"), "{}")
      }))

    test("has no other repository and no other revision", (hub) =>
      Effect.gen(function* () {
        const repository = yield* Effect.flip(hub.snapshot("me/other", { files: () => true }))
        assert.deepInclude(repository, { _tag: "NotOnHub", what: "repository", repo: "me/other" })
        for (const revision of ["v2", "../main", "a".repeat(40)]) {
          const error = yield* Effect.flip(hub.snapshot("me/model", { revision, files: () => true }))
          assert.deepInclude(error, { _tag: "NotOnHub", what: "revision", name: revision })
        }
      }))
  })
