/** A process that saves and replaces checkpoints in the folder of its argument until it is killed. Prints "saved" after the first. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Effect, Layer } from "effect"
import { CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../../src/Checkpoint/FileSystemStore.ts"
import { checkpoint } from "../../src/Testing/SampleCheckpoint.ts"

const program = Effect.gen(function* () {
  const store = yield* CheckpointStore
  yield* store.open
  for (let n = 0; ; n++) {
    yield* store.save(checkpoint(n % 3, n))
    if (n === 0) process.stdout.write("saved\n")
    if (n % 5 === 4) yield* store.remove(n % 3)
  }
}).pipe(Effect.scoped)

const layer = FileSystemStore.layer({ directory: process.argv[2] ?? "" }).pipe(
  Layer.provide([NodeFileSystem.layer, NodePath.layer])
)
await Effect.runPromise(Effect.provide(program, layer))
