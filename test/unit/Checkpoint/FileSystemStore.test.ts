import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, FileSystem, Layer, PlatformError } from "effect"
import { CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../../../src/Checkpoint/FileSystemStore.ts"
import * as PythonJson from "../../../src/Format/PythonJson.ts"
import { bits, checkpoint } from "../../../src/Testing/SampleCheckpoint.ts"

type Store = CheckpointStore["Service"]

const use = <A, E, R>(directory: string, body: (store: Store) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(CheckpointStore, body).pipe(Effect.provide(FileSystemStore.layer({ directory }), { local: true }))

/** Runs a body with a folder that does not exist yet. */
const test = (
  title: string,
  body: (fs: FileSystem.FileSystem, directory: string) => Effect.Effect<unknown, unknown, NodeServices.NodeServices>
) =>
  it.live(title, () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      yield* body(fs, `${yield* fs.makeTempDirectoryScoped()}/run`)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

const message = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

describe("FileSystemStore", () => {
  test("layerConfig stores checkpoints in the configured directory, and fails with a ConfigError without one", (_fs, directory) =>
    Effect.gen(function* () {
      const layer = (environment: Readonly<Record<string, string>>) =>
        FileSystemStore.layerConfig({ directory: Config.NonEmptyString("CHECKPOINTS") }).pipe(
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(environment)))
        )
      const save = CheckpointStore.use((store) => store.save(checkpoint(6)))
      yield* Effect.provide(save, layer({ CHECKPOINTS: directory }))
      assert.deepStrictEqual(yield* use(directory, (store) => store.list), [6])
      const failure = yield* message(Effect.provide(save, layer({})))
      assert.include(failure, "CHECKPOINTS")
    }))

  test("writes the files of a Hugging Face folder, and two of its own", (fs, directory) =>
    Effect.gen(function* () {
      yield* use(directory, (store) => store.save(checkpoint(6)))
      assert.deepStrictEqual((yield* fs.readDirectory(directory)).sort(), ["checkpoint-6"])
      assert.deepStrictEqual((yield* fs.readDirectory(`${directory}/checkpoint-6`)).sort(), [
        "checkpoint.json",
        "manifest.json",
        "model.safetensors",
        "optimizer.safetensors",
        "trainer_state.json"
      ])
    }))

  test("writes trainer_state.json with the Trainer's keys and figures", (fs, directory) =>
    Effect.gen(function* () {
      const saved = checkpoint(6)
      yield* use(directory, (store) =>
        store.save({
          ...saved,
          state: { ...saved.state, bestCheckpoint: 3 },
          trainerState: { max_steps: 9, num_train_epochs: Infinity, best_metric: 0.5 }
        })
      )
      const golden = JSON.parse(yield* fs.readFileString("test/golden/torch_format.json"))
      const written = PythonJson.parse(yield* fs.readFileString(`${directory}/checkpoint-6/trainer_state.json`)) as Record<
        string,
        unknown
      >
      assert.deepStrictEqual(Object.keys(written), golden.trainer_state_key_order)
      assert.deepInclude(written, {
        global_step: 6,
        epoch: 2,
        max_steps: 9,
        num_train_epochs: 9223372036854775807n,
        best_metric: 0.5,
        best_global_step: 3,
        best_model_checkpoint: `${directory}/checkpoint-3`,
        log_history: [{ eval_loss: Number.NaN, eval_x: -Infinity, eval_y: 1e300, eval_runtime: 0.5, epoch: 2, step: 6 }]
      })
    }))

  test("does not list or delete a truncated checkpoint", (fs, directory) =>
    Effect.gen(function* () {
      for (const step of [1, 2, 3, 4]) yield* use(directory, (store) => store.save(checkpoint(step)))
      yield* fs.truncate(`${directory}/checkpoint-1/model.safetensors`, 10)
      yield* fs.remove(`${directory}/checkpoint-2/manifest.json`)
      yield* fs.remove(`${directory}/checkpoint-4/optimizer.safetensors`)
      yield* fs.makeDirectory(`${directory}/checkpoint-9`)
      yield* fs.writeFileString(`${directory}/checkpoint-8`, "a file")
      assert.deepStrictEqual(yield* use(directory, (store) => store.list), [3])
      yield* use(directory, (store) => Effect.scoped(store.open))
      assert.deepStrictEqual((yield* fs.readDirectory(directory)).filter((name) => name.startsWith("checkpoint")).length, 6)
    }))

  test("says which file of a checkpoint is damaged, what was expected and what was found", (fs, directory) =>
    Effect.gen(function* () {
      const folder = `${directory}/checkpoint-5`
      const model = `${folder}/model.safetensors`
      const load = use(directory, (store) => store.load(5))
      yield* use(directory, (store) => store.save(checkpoint(5)))
      const bytes = yield* fs.readFile(model)

      yield* fs.truncate(model, 10)
      assert.strictEqual(
        yield* message(load),
        `Checkpoint 5 in ${model}: read failed: it has 10 bytes, and ${bytes.length} were written. The checkpoint is damaged: delete its folder, or go on from an older one.`
      )
      const changed = Uint8Array.from(bytes)
      changed[bytes.length - 1]! ^= 1
      yield* fs.writeFile(model, changed)
      assert.match(
        yield* message(load),
        /model\.safetensors: read failed: its SHA-256 is [0-9a-f]{64}, and [0-9a-f]{64} was written\. The/
      )
      yield* fs.remove(model)
      assert.match(yield* message(load), /model\.safetensors: read failed: it is missing\. The checkpoint is damaged/)
      yield* fs.writeFileString(`${folder}/manifest.json`, '{"format":1,"files":{"../../etc/passwd":{"size":1,"sha256":""}}}')
      assert.match(yield* message(load), /manifest\.json: read failed: it is missing or unreadable\./)
    }))

  test("says what to do where a file is in the folder's place", (fs, directory) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(directory, "a file")
      const advice = "a file is where a folder is wanted. Move it away or choose another output folder."
      const expected = `Checkpoints in ${directory}: open failed: ${advice}`
      assert.strictEqual(yield* message(use(directory, (store) => Effect.scoped(store.open))), expected)
      assert.strictEqual(
        yield* message(use(directory, (store) => store.save(checkpoint(1)))),
        expected.replace("Checkpoints", "Checkpoint 1").replace("open", "write")
      )
      assert.strictEqual(yield* message(use(directory, (store) => store.list)), expected.replace("open", "list"))
    }))

  test("says what to do without permission", (fs, directory) =>
    Effect.gen(function* () {
      const denied = (path: string) =>
        Effect.fail(
          PlatformError.systemError({
            _tag: "PermissionDenied",
            module: "FileSystem",
            method: "open",
            pathOrDescriptor: path,
            cause: { code: "EACCES" }
          })
        )
      const layer = FileSystemStore.layer({ directory }).pipe(
        Layer.provide(Layer.succeed(FileSystem.FileSystem, { ...fs, makeDirectory: denied }))
      )
      const save = Effect.flatMap(CheckpointStore, (store) => store.save(checkpoint(1))).pipe(
        Effect.provide(layer, { local: true })
      )
      assert.strictEqual(
        yield* message(save),
        `Checkpoint 1 in ${directory}: write failed: this user may not do that. Change the folder's permissions or choose another output folder.`
      )
    }))

  test("refuses a run.json that is something else", (fs, directory) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(directory)
      yield* fs.writeFileString(`${directory}/run.json`, '{"scripts": {}}')
      const error = yield* message(use(directory, (store) => Effect.scoped(store.open)))
      assert.match(error, /run\.json: open failed: it is not a run's file\. Delete it/)
      assert.isFalse(yield* fs.exists(`${directory}/run.lock`))
    }))

  test("takes over the lock of a dead process, of a pid that is another process now, and a truncated lock", (fs, directory) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(directory)
      const stale = ['{"pid":999999999,"started":"1"}', `{"pid":${process.pid},"started":"long ago"}`, ""]
      for (const [index, lock] of stale.entries()) {
        yield* fs.writeFileString(`${directory}/run.lock`, lock)
        assert.strictEqual((yield* use(directory, (store) => Effect.scoped(store.open))).attempt, index + 1)
        assert.isFalse(yield* fs.exists(`${directory}/run.lock`))
      }
    }))

  test("leaves the old checkpoint when a save is interrupted, and nothing half-written", (fs, directory) =>
    Effect.gen(function* () {
      yield* use(directory, (store) => store.save(checkpoint(1, 1)))
      const slow = Layer.succeed(FileSystem.FileSystem, {
        ...fs,
        open: (path, options) => (path.endsWith("manifest.json") ? Effect.never : fs.open(path, options))
      })
      const layer = FileSystemStore.layer({ directory }).pipe(Layer.provide(slow))
      const save = Effect.flatMap(CheckpointStore, (store) => store.save(checkpoint(1, 2))).pipe(
        Effect.provide(layer, { local: true })
      )
      yield* Effect.timeoutOption(save, 50)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["checkpoint-1"])
      assert.deepStrictEqual(bits(yield* use(directory, (store) => store.load(1))), bits(checkpoint(1, 1)))
    }))

  test("refuses a name that is a parameter and a buffer", (_, directory) =>
    Effect.gen(function* () {
      const { weights, ...rest } = checkpoint(1)
      const error = yield* message(
        use(directory, (store) => store.save({ ...rest, weights: { ...weights, buffers: weights.parameters } }))
      )
      assert.match(error, /write failed: layer\.0\.weight is a parameter and a buffer: rename one of them/)
    }))
})
