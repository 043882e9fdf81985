/** A hub that is away, refuses, breaks off or lies; what is kept of it; and names that are folders. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem } from "effect"
import * as Hub from "../../../../src/Layer/Hub/Hubs.ts"
import { make, type Options } from "../../../../src/Layer/Hub/HuggingFace.ts"
import { type Repository, serve } from "../../../support/hubServer.ts"

const large = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
const repositories: Readonly<Record<string, Repository>> = {
  "me/model": { files: { "config.json": "{}", "model.safetensors": large } },
  "me/gated": { files: { "config.json": "{}" }, gated: true }
}
const all = { files: () => true }

/** A server, a cache of its own, and what it gives. */
const start = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const cache = yield* fs.makeTempDirectoryScoped()
  const server = yield* serve(repositories)
  const hub = (options: Options = {}) => make({ endpoint: server.endpoint, cache, offline: false, token: "", ...options })
  /** All names under the cache. */
  const kept = () => readdirSync(cache, { recursive: true }).map(String).sort()
  return { server, cache, hub, kept }
})
const failure = (hub: Hub.Service, repo = "me/model", wanted: Hub.Wanted = all) => Effect.flip(hub.snapshot(repo, wanted))

layer(NodeServices.layer, { excludeTestServices: true })("Hugging Face's hub", (it) => {
  it.effect("what is not allowed or not there is named", () =>
    Effect.gen(function* () {
      const { hub, server, kept } = yield* start
      expect(yield* failure(hub(), "me/gated")).toMatchObject({ _tag: "NoAccess", signedIn: false })
      expect(yield* failure(hub({ token: "hf_other" }), "me/gated")).toMatchObject({ _tag: "NoAccess", signedIn: true })
      expect((yield* failure(hub({ token: "hf_wrong" }), "me/gated")).message).toMatch(/not accepted .*Invalid credentials/)
      expect(yield* failure(hub({ token: "other" }))).toMatchObject({ _tag: "InvalidToken" })
      for (const token of ["", server.token])
        expect(yield* failure(hub({ token }), "me/none")).toMatchObject({ _tag: "NotOnHub", what: "repository" })
      expect(kept()).toEqual([])
      const { folder } = yield* hub({ token: server.token }).snapshot("me/gated", all)
      expect(readFileSync(join(folder, "config.json"), "utf8")).toBe("{}")
      server.more = ["gone.json"]
      expect(yield* failure(hub())).toMatchObject({ _tag: "NotOnHub", what: "file", name: "gone.json" })
      server.status = 503
      expect(yield* failure(hub())).toMatchObject({ _tag: "HubRefused" })
    })
  )

  it.effect("a path that leads out of the cache is refused", () =>
    Effect.gen(function* () {
      const { hub, server, kept } = yield* start
      for (const path of ["../../out", "/out", "a/../out", "a\\..\\out"]) {
        server.more = [path]
        expect(yield* failure(hub())).toMatchObject({ _tag: "HubRefused" })
      }
      expect(kept()).toEqual([])
    })
  )

  it.effect("without a network returns cached files, or fails with HubUnreachable", () =>
    Effect.gen(function* () {
      const { hub } = yield* start
      const nowhere = { endpoint: "http://127.0.0.1:9" }
      expect(yield* failure(hub(nowhere))).toMatchObject({ _tag: "HubUnreachable", endpoint: nowhere.endpoint })
      const before = yield* hub().snapshot("me/model", all)
      const { folder, commit, files } = yield* hub(nowhere).snapshot("me/model", all)
      expect([folder, commit]).toEqual([before.folder, before.commit])
      expect([...files].sort()).toEqual(["config.json", "model.safetensors"])
    })
  )

  it.effect("offline, the hub is not asked", () =>
    Effect.gen(function* () {
      const { hub, server } = yield* start
      expect(yield* failure(hub({ offline: true }))).toMatchObject({ _tag: "NotCached", repo: "me/model", revision: "main" })
      expect(server.asked).toEqual([])
      const { folder, commit } = yield* hub().snapshot("me/model", all)
      const count = server.asked.length
      expect((yield* hub({ offline: true }).snapshot("me/model", all)).folder).toBe(folder)
      expect((yield* hub({ offline: true }).snapshot("me/model", { ...all, revision: commit })).folder).toBe(folder)
      expect(server.asked).toHaveLength(count)
    })
  )

  it.effect("the cache has the form of Python's tools, and what is there is not fetched again", () =>
    Effect.gen(function* () {
      const { hub, server, kept } = yield* start
      const { commit } = yield* hub().snapshot("me/model", all)
      const root = "models--me--model"
      expect(kept()).toContain(`${root}/snapshots/${commit}/model.safetensors`)
      expect(kept()).toContain(`${root}/refs/main`)
      expect(kept().filter((name) => name.startsWith(`${root}/blobs/`))).toHaveLength(2)
      const downloads = () => server.asked.filter((path) => path.includes("/resolve/")).length
      const count = downloads()
      yield* hub().snapshot("me/model", all)
      expect(downloads()).toBe(count)
    })
  )

  it.effect("resumes an interrupted download, and never gives a partial file its final name", () =>
    Effect.gen(function* () {
      const { hub, server, kept } = yield* start
      server.cut = { file: "model.safetensors", after: 100_000 }
      const { folder } = yield* hub().snapshot("me/model", all) // it goes on by itself
      expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(large)
      expect(kept().filter((name) => name.includes("incomplete"))).toEqual([])
    })
  )

  it.effect("what an interrupted process left is taken up", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { hub, server, cache, kept } = yield* start
      yield* hub().snapshot("me/model", { files: (path) => path === "config.json" })
      const blobs = join(cache, "models--me--model", "blobs")
      const sum = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", large))
      const blob = join(blobs, Buffer.from(sum).toString("hex"))
      yield* fs.writeFile(`${blob}.incomplete`, large.subarray(0, 200_000))
      const { folder } = yield* hub().snapshot("me/model", all)
      expect(server.asked.at(-1)).toMatch(/bytes=200000-299999$/)
      expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(large)
      expect(kept().filter((name) => name.includes("incomplete"))).toEqual([])
    })
  )

  it.effect("a download that is not what the hub says is thrown away", () =>
    Effect.gen(function* () {
      const { hub, server, kept } = yield* start
      server.damages = true
      expect(yield* failure(hub())).toMatchObject({ _tag: "DownloadDamaged" })
      expect(kept().filter((name) => /blobs\/|refs\/|snapshots\/.*\//.test(name))).toEqual([])
      server.damages = false
      const { folder } = yield* hub().snapshot("me/model", all)
      expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(large)
    })
  )

  it.effect("the environment says what is left out", () =>
    Effect.gen(function* () {
      const { server, cache } = yield* start
      const environment = { HF_ENDPOINT: `${server.endpoint}/`, HF_TOKEN: server.token, HF_HOME: cache, HF_HUB_OFFLINE: "0" }
      const asked = (more: object) =>
        make()
          .snapshot("me/gated", all)
          .pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ ...environment, ...more })))
      expect((yield* asked({})).folder.startsWith(join(cache, "hub"))).toBe(true)
      expect(yield* Effect.flip(asked({ HF_HUB_OFFLINE: "1", HF_HUB_CACHE: join(cache, "none") }))).toMatchObject({
        _tag: "NotCached"
      })
      expect(yield* Effect.flip(asked({ HF_TOKEN: "hf_other", HF_HUB_CACHE: join(cache, "none") }))).toMatchObject({
        _tag: "NoAccess"
      })
    })
  )

  it.effect("suggests the present name of a model that is named without its owner", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(Hub.resolve("bert-base-uncased", all))
      expect(message).toContain("Did you mean google-bert/bert-base-uncased?")
      for (const [name, repository] of [
        ["gpt2", "openai-community/gpt2"],
        ["distilbert-base-uncased", "distilbert/distilbert-base-uncased"],
        ["roberta-base", "FacebookAI/roberta-base"],
        ["t5-small", "google-t5/t5-small"]
      ] as const)
        expect(yield* Effect.flip(Hub.resolve(name, all))).toMatchObject({ _tag: "NotOnHub", suggestion: repository })
    })
  )

  it.effect("a folder is itself, whatever it looks like; only owner/name is a repository", () =>
    Effect.gen(function* () {
      const { cache } = yield* start
      expect(yield* Hub.resolve(cache, all)).toEqual({ folder: cache, files: [] })
      expect(yield* Hub.resolve("src/Layer", all)).toEqual({ folder: "src/Layer", files: [] })
      for (const name of ["model", "a/b/c", "./model", "/a/b", "../b", "a/../b", "a/", "C:\\a"])
        expect(Hub.isRepository(name), name).toBe(false)
      for (const name of ["a/b", "google-bert/bert-base-uncased", "me/m.v1_2"]) expect(Hub.isRepository(name), name).toBe(true)
    })
  )
})
