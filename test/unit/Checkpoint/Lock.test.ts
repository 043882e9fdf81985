import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, PlatformError, Scope } from "effect"
import * as Lock from "../../../src/Checkpoint/Lock.ts"

const gone = '{"pid":999999999,"started":"1"}'

/** Runs a body with a folder and the lock in it. */
const test = (
  title: string,
  body: (fs: FileSystem.FileSystem, folder: string, file: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>
) =>
  it.live(title, () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* body(fs, folder, `${folder}/run.lock`)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

describe("the lock", () => {
  test("is a file with the holder in it, alone in the folder, and goes with its scope", (fs, folder, file) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Lock.take(file, folder)
          assert.strictEqual(JSON.parse(yield* fs.readFileString(file)).pid, process.pid)
          assert.deepStrictEqual(yield* fs.readDirectory(folder), ["run.lock"])
          const refused = yield* Effect.flip(Effect.scoped(Lock.take(file, folder)))
          assert.deepInclude(refused, { _tag: "StoreLocked", path: folder, pid: process.pid })
          assert.isTrue(yield* fs.exists(file))
        })
      )
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
    }))

  test("that another has taken meanwhile is left to it", (fs, folder, file) =>
    Effect.gen(function* () {
      const other = '{"pid":1,"started":"of another machine"}'
      yield* Effect.scoped(Effect.andThen(Lock.take(file, folder), fs.writeFileString(file, other)))
      assert.strictEqual(yield* fs.readFileString(file), other)
    }))

  test("of a dead process is taken over, also where another died while it took it over", (fs, folder, file) =>
    Effect.gen(function* () {
      for (const left of [[file], [file, `${file}.next`], [file, `${file}.next`, `${file}.next.next`]]) {
        for (const each of left) yield* fs.writeFileString(each, gone)
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Lock.take(file, folder)
            assert.strictEqual(JSON.parse(yield* fs.readFileString(file)).pid, process.pid)
            assert.deepStrictEqual(yield* fs.readDirectory(folder), ["run.lock"])
          })
        )
        assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
      }
    }))

  test("that is taken over by one is not taken over by another that found it dead as well", (fs, folder, file) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(file, gone)
      yield* Effect.gen(function* () {
        // the slow one has found the lock dead when the quick one takes it
        const scope = yield* Effect.scope
        let quick = false
        let absent = false
        const look = Effect.map(fs.exists(file), (there) => {
          absent ||= quick && !there
        })
        const slow: FileSystem.FileSystem = {
          ...fs,
          rename: (from, to) => Effect.andThen(fs.rename(from, to), look),
          remove: (path, options) => Effect.andThen(fs.remove(path, options), look),
          readFileString: (path, encoding) =>
            Effect.tap(fs.readFileString(path, encoding), () => {
              if (path !== file || quick) return Effect.void
              quick = true
              return Lock.take(file, folder).pipe(Scope.provide(scope), Effect.orDie)
            }).pipe(Effect.provideService(FileSystem.FileSystem, fs))
        }
        const refused = yield* Effect.flip(
          Effect.scoped(Effect.provideService(Lock.take(file, folder), FileSystem.FileSystem, slow))
        )
        assert.deepInclude(refused, { _tag: "StoreLocked", pid: process.pid })
        assert.isFalse(absent)
        assert.strictEqual(JSON.parse(yield* fs.readFileString(file)).pid, process.pid)
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
    }))

  test("whose text comes a moment later is not dead", (fs, folder, file) =>
    Effect.gen(function* () {
      yield* Effect.scoped(Lock.take(file, folder).pipe(Effect.andThen(fs.readFileString(file)))).pipe(
        Effect.tap(() => fs.writeFileString(file, "")),
        Effect.flatMap((text) => Effect.forkChild(Effect.delay(fs.writeFileString(file, text), 60), { startImmediately: true }))
      )
      assert.deepInclude(yield* Effect.flip(Effect.scoped(Lock.take(file, folder))), { _tag: "StoreLocked", pid: process.pid })
    }))

  test("that this user may not read is an error, and stays", (fs, folder, file) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(file, gone)
      const denied = PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method: "readFile" })
      const blind: FileSystem.FileSystem = {
        ...fs,
        readFileString: (path, encoding) => (path === file ? Effect.fail(denied) : fs.readFileString(path, encoding))
      }
      const refused = yield* Effect.flip(
        Effect.scoped(Effect.provideService(Lock.take(file, folder), FileSystem.FileSystem, blind))
      )
      assert.strictEqual(refused, denied)
      assert.strictEqual(yield* fs.readFileString(file), gone)
    }))

  test("is taken on a disk without links too", (fs, folder, file) =>
    Effect.gen(function* () {
      const linkless: FileSystem.FileSystem = {
        ...fs,
        link: () => Effect.fail(PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "link" }))
      }
      const take = Effect.provideService(Lock.take(file, folder), FileSystem.FileSystem, linkless)
      const refused = yield* Effect.scoped(Effect.andThen(take, Effect.flip(Effect.scoped(take))))
      assert.deepInclude(refused, { _tag: "StoreLocked", pid: process.pid })
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
    }))
})
