/**
 * A process that takes the lock in the folder of its argument repeatedly until a time, and mostly leaves the lock of a dead process behind. Prints how
 * often it held the lock, and how often another process held it at the same time.
 */
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect } from "effect"
import * as Lock from "../../src/Checkpoint/Lock.ts"

const [folder = "", until = "0"] = process.argv.slice(2)
const lock = `${folder}/run.lock`
const counts = { taken: 0, shared: 0 }

/** Detects a second holder: the folder cannot be created twice. */
const hold = Effect.gen(function* () {
  yield* Lock.take(lock, folder)
  counts.taken++
  try {
    mkdirSync(`${folder}/held`)
  } catch {
    counts.shared++
    return
  }
  yield* Effect.sleep(counts.taken % 3)
  rmdirSync(`${folder}/held`)
  if (counts.taken % 8 === 0) return
  writeFileSync(`${folder}/dead-${process.pid}`, '{"pid":999999999,"started":"1"}')
  renameSync(`${folder}/dead-${process.pid}`, lock)
})

const program = Effect.gen(function* () {
  while (Date.now() < Number(until)) yield* Effect.scoped(hold).pipe(Effect.catchTag("StoreLocked", () => Effect.sleep(0)))
  process.stdout.write(JSON.stringify(counts))
})
await Effect.runPromise(Effect.provide(program, NodeFileSystem.layer))
