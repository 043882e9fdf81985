import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"
import * as FileSystemStore from "../../src/Checkpoint/FileSystemStore.ts"
import * as MemoryStore from "../../src/Checkpoint/MemoryStore.ts"
import { suite } from "./CheckpointStore.ts"

const temporary = Layer.unwrap(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    return FileSystemStore.layer({ directory: `${folder}/run of today` })
  })
)

suite("memory", MemoryStore.layer)
suite("file system", temporary.pipe(Layer.provide(NodeServices.layer)))
