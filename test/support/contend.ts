/**
 * A process that takes the lock in the folder of its argument again and again for a while, and mostly dies with it as far as others can tell. Says how
 * often it had it, and how often another had it at the same time.
 */
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect } from "effect"
import * as Lock from "../../src/Checkpoint/Lock.ts"

const [folder = "", until = "0"] = process.argv.slice(2)
const lock = `${folder}/run.lock`
const told = { taken: 0, shared: 0 }

/** Only one may be in here: the folder cannot be made twice. */
const hold = Effect.gen(function* () {
  yield* Lock.take(lock, folder)
  told.taken++
  try {
    mkdirSync(`${folder}/held`)
  } catch {
    told.shared++
    return
  }
  yield* Effect.sleep(told.taken % 3)
  rmdirSync(`${folder}/held`)
  if (told.taken % 8 === 0) return
  writeFileSync(`${folder}/dead-${process.pid}`, '{"pid":999999999,"started":"1"}')
  renameSync(`${folder}/dead-${process.pid}`, lock)
})

const program = Effect.gen(function* () {
  while (Date.now() < Number(until)) yield* Effect.scoped(hold).pipe(Effect.catchTag("StoreLocked", () => Effect.sleep(0)))
  process.stdout.write(JSON.stringify(told))
})
await Effect.runPromise(Effect.provide(program, NodeFileSystem.layer))
