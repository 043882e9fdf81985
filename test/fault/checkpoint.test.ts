import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../../src/Checkpoint/FileSystemStore.ts"
import { bits, checkpoint } from "../../src/Testing/SampleCheckpoint.ts"
import * as FaultyDisk from "../support/faultyDisk.ts"

type Use = (store: CheckpointStore["Service"]) => Effect.Effect<unknown, unknown>

/** Runs with the store of a folder, on a sound disk or a faulty one. Each call is a new process as far as the store can tell. */
const on = (directory: string, disk?: FaultyDisk.FaultyDisk) => {
  const files = disk === undefined ? NodeServices.layer : disk.layer.pipe(Layer.provideMerge(NodeServices.layer))
  return <A, E>(use: (store: CheckpointStore["Service"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(CheckpointStore, use).pipe(
      Effect.provide(FileSystemStore.layer({ directory }).pipe(Layer.provide(files)), { local: true })
    )
}

const old = bits(checkpoint(4, 1))
const next = bits(checkpoint(4, 2))

const scenarios: ReadonlyArray<{
  readonly name: string
  readonly before: Use
  readonly during: Use
  /** What checkpoint 4 may be afterwards. */
  readonly allowed: ReadonlyArray<ReturnType<typeof bits> | undefined>
}> = [
  {
    name: "the first save of a step",
    before: () => Effect.void,
    during: (store) => store.save(checkpoint(4, 2)),
    allowed: [undefined, next]
  },
  {
    name: "a save that replaces one of the same step",
    before: (store) => store.save(checkpoint(4, 1)),
    during: (store) => store.save(checkpoint(4, 2)),
    allowed: [old, next]
  },
  {
    name: "a removal",
    before: (store) => store.save(checkpoint(4, 1)),
    during: (store) => store.remove(4),
    allowed: [old, undefined]
  },
  {
    name: "opening and replacing",
    before: (store) => Effect.andThen(Effect.scoped(store.open), store.save(checkpoint(4, 1))),
    during: (store) => Effect.scoped(Effect.andThen(store.open, store.save(checkpoint(4, 2)))),
    allowed: [old, next]
  }
]

/** In memory where the system has such a place: waiting for a disk is not what is tested. */
const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped(existsSync("/dev/shm") ? { directory: "/dev/shm" } : {})
)

/** What checkpoint 4 is now. Beside it, checkpoint 2 is always whole. */
const found = (directory: string) =>
  on(directory)((store) =>
    Effect.gen(function* () {
      const steps = yield* store.list
      assert.deepStrictEqual(bits(yield* store.load(2)), bits(checkpoint(2)))
      for (const step of steps) yield* store.load(step)
      return steps.includes(4) ? bits(yield* store.load(4)) : undefined
    })
  )

describe("a machine that dies at any write", () => {
  for (const { name, before, during, allowed } of scenarios) {
    it.live(`during ${name} leaves the old or the new checkpoint`, () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const seen = new Set<unknown>()
        let crashes = 0
        for (let after = 0; ; after++) {
          const directory = yield* temporary
          yield* on(directory)((store) => Effect.andThen(store.save(checkpoint(2)), before(store)))
          const disk = FaultyDisk.make({ after, how: "dies" })
          yield* Effect.exit(on(directory, disk)(during))
          // A lock of this very process would be a live one: the dead process takes its pid with it.
          yield* fs.remove(`${directory}/run.lock`, { force: true })

          const seenBefore = yield* found(directory)
          assert.deepInclude(allowed, seenBefore)
          seen.add(JSON.stringify(seenBefore))
          const session = yield* on(directory)((store) => Effect.scoped(store.open))
          assert.isTrue(session.attempt >= 1)
          assert.deepStrictEqual(yield* found(directory), seenBefore)
          const left = (yield* fs.readDirectory(directory)).filter((entry) => !/^(checkpoint-\d+|run\.json)$/.test(entry))
          assert.deepStrictEqual(left, [])
          yield* on(directory)((store) => store.save(checkpoint(4, 2)))
          assert.deepStrictEqual(yield* found(directory), next)
          if (!disk.struck()) break
          crashes++
        }
        assert.isTrue(crashes >= 3, `${crashes} crashes`)
        assert.strictEqual(seen.size, 2)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
    )
  }

  it.live("twice in a row loses nothing either", () =>
    Effect.gen(function* () {
      for (let first = 0; first < 40; first += 5) {
        for (let second = 0; second < 40; second += 11) {
          const directory = yield* temporary
          yield* on(directory)((store) => Effect.andThen(store.save(checkpoint(2)), store.save(checkpoint(4, 1))))
          for (const after of [first, second]) {
            yield* Effect.exit(on(directory, FaultyDisk.make({ after, how: "dies" }))((store) => store.save(checkpoint(4, 2))))
          }
          assert.deepInclude([old, next], yield* found(directory))
        }
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})

describe("a full disk", () => {
  it.live("fails the save with what to do, keeps the old checkpoint and leaves nothing behind", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      for (let after = 0; ; after++) {
        const directory = yield* temporary
        yield* on(directory)((store) => Effect.andThen(store.save(checkpoint(2)), store.save(checkpoint(4, 1))))
        const disk = FaultyDisk.make({ after, how: "full" })
        const result = yield* Effect.result(on(directory, disk)((store) => store.save(checkpoint(4, 2))))
        if (!disk.struck()) break
        assert.isTrue(
          result._tag === "Failure" && result.failure.message.includes("write failed: the disk is full. Free some space")
        )
        assert.deepInclude([old, next], yield* found(directory))
        assert.deepStrictEqual((yield* fs.readDirectory(directory)).sort(), ["checkpoint-2", "checkpoint-4"])
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})

describe("a process that is killed", () => {
  it.live("held the lock while it lived, leaves checkpoints that are all whole, and a lock that no one has to break", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const script = fileURLToPath(new URL("../support/saveForever.ts", import.meta.url))
      const open = on(directory)((store) => Effect.scoped(store.open))
      for (const [kills, delay] of [0, 19, 61].entries()) {
        const child = spawn(process.execPath, ["--no-warnings", script, directory], { stdio: ["ignore", "pipe", "inherit"] })
        yield* Effect.promise(() => once(child.stdout, "data"))
        assert.strictEqual(
          (yield* Effect.flip(open)).message,
          `${directory} is in use by process ${child.pid}. Wait for it, stop it, or choose another output folder.`
        )
        yield* Effect.sleep(delay)
        child.kill("SIGKILL")
        yield* Effect.promise(() => once(child, "exit"))
        const steps = yield* on(directory)((store) => store.list)
        assert.isTrue(steps.length > 0)
        for (const step of steps) assert.strictEqual((yield* on(directory)((store) => store.load(step))).state.step, step)
        assert.strictEqual((yield* open).attempt, 2 * (kills + 1))
        assert.deepStrictEqual(yield* on(directory)((store) => store.list), steps)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})

describe("a lock that processes die with", () => {
  it.live(
    "is held by one at a time, whoever takes it over",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        const script = fileURLToPath(new URL("../support/contend.ts", import.meta.url))
        const until = String(Date.now() + 4_000)
        const contend = Effect.promise(async () => {
          const child = spawn(process.execPath, ["--no-warnings", script, directory, until], {
            stdio: ["ignore", "pipe", "inherit"]
          })
          return JSON.parse(String((await once(child.stdout, "data"))[0])) as { readonly taken: number; readonly shared: number }
        })
        const outcomes = yield* Effect.all([contend, contend, contend, contend], { concurrency: "unbounded" })
        assert.strictEqual(
          outcomes.reduce((sum, { shared }) => sum + shared, 0),
          0
        )
        assert.isTrue(outcomes.reduce((sum, { taken }) => sum + taken, 0) > 20, JSON.stringify(outcomes))
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    30_000
  )
})
