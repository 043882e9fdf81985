import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as OutputFolder from "../../../src/cli/OutputFolder.ts"

/** Makes a folder with files (`folder/` is an empty one), clears it, and lists what is left. */
const left = (...files: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    for (const file of files) {
      const at = `${folder}/${file}`
      yield* fs.makeDirectory(at.slice(0, at.lastIndexOf("/")), { recursive: true })
      if (!file.endsWith("/")) yield* fs.writeFileString(at, "")
    }
    yield* OutputFolder.clear(folder)
    return (yield* fs.readDirectory(folder, { recursive: true })).sort()
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const run = [
  "regimen.json",
  "log.jsonl",
  "run.json",
  "model.safetensors",
  "checkpoint-4/manifest.json",
  "checkpoint-4/model.safetensors"
]

describe("clear", () => {
  it.live("leaves nothing of a run, nor of one that was killed", () =>
    Effect.gen(function* () {
      const killed = [".saving-6/x", ".replaced-2/x", ".removed-1/x", "regimen.json.tmp", "run.json.tmp", "model.safetensors.tmp"]
      const events = "runs/events.out.tfevents.0000000001.regimen"
      assert.deepStrictEqual(yield* left(...run, ...killed, "figures/loss.svg", "figures/loss.svg.tmp", events), [])
    })
  )

  it.live("takes away what the run noted that it wrote, and nothing of the like that it did not", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const status = {
        program: "p",
        file: "p.ts",
        status: "finished",
        files: {},
        args: {},
        step: 1,
        metrics: {},
        wrote: []
      } as const
      for (const file of ["config.json", "tokenizer.json", "vocab.txt"]) yield* fs.writeFileString(`${folder}/${file}`, "")
      yield* OutputFolder.write(folder, status)
      yield* OutputFolder.wrote(folder, ["config.json", "tokenizer.json", "../config.json"])
      yield* OutputFolder.clear(folder)
      assert.deepStrictEqual(yield* fs.readDirectory(folder), ["vocab.txt"])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("leaves others' files, and the folders that they are in", () =>
    Effect.gen(function* () {
      const others = [
        "checkpoint-5/notes.txt",
        "checkpoint-best/manifest.json",
        "figures/mine.png",
        "letter.txt",
        "log.jsonl.gz",
        "model.safetensors.index.json",
        "runs/events.out.tfevents.1.host",
        "runs/other/events.out.tfevents.1.regimen"
      ]
      const folders = ["checkpoint-5", "checkpoint-best", "figures", "runs", "runs/other"]
      assert.deepStrictEqual(yield* left(...run, ...others, "figures/loss.svg"), [...others, ...folders].sort())
      assert.deepStrictEqual(yield* left(...run, "figures", "runs"), ["figures", "runs"])
    })
  )

  it.live("takes a model, figures and events for another's where there is no run", () =>
    Effect.gen(function* () {
      const others = ["figures/loss.svg", "model.safetensors", "runs/events.out.tfevents.1.regimen"]
      assert.deepStrictEqual(yield* left(...others), [...others, "figures", "runs"].sort())
    })
  )

  it.live("that fails in the middle leaves the folder known as the run's", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      for (const file of ["regimen.json", "run.json"]) yield* fs.writeFileString(`${folder}/${file}`, "")
      const stuck: FileSystem.FileSystem = {
        ...fs,
        readDirectory: () => Effect.succeed(["regimen.json", "run.json"]),
        remove: (path, options) => (path.endsWith("run.json") ? fs.remove(`${folder}/none`) : fs.remove(path, options))
      }
      yield* Effect.flip(Effect.provideService(OutputFolder.clear(folder), FileSystem.FileSystem, stuck))
      assert.isTrue(yield* fs.exists(`${folder}/regimen.json`))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("of a folder that is not there does nothing", () =>
    OutputFolder.clear("/nowhere/at/all").pipe(Effect.provide(NodeServices.layer))
  )
})
