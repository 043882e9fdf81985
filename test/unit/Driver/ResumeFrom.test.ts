/** Where a run resumes: the argument's forms, the fallback to the checkpoint before, and the place of an attempt in its store. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, FileSystem, Layer, Path } from "effect"
import { CheckpointError, CheckpointStore, type Lineage } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../../../src/Checkpoint/FileSystemStore.ts"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as ResumeFrom from "../../../src/Driver/ResumeFrom.ts"
import { setName } from "../../../src/Driver/TrainingTask.ts"
import { checkpoint } from "../../../src/Testing/SampleCheckpoint.ts"

const lineage: Lineage = { run: "r", attempt: 1, ancestors: [] }
/** A checkpoint whose state lists itself, step 2, a checkpoint that does not exist, and a best one. */
const saved = (
  step: number,
  more: { readonly best?: number | null; readonly modelOnly?: true; readonly lineage?: Lineage } = {}
) => {
  const { modelOnly } = more
  const sample = checkpoint(step)
  const state = { ...sample.state, checkpoints: [...new Set([1, 2, step])], bestCheckpoint: more.best ?? null }
  return { ...sample, lineage: more.lineage ?? lineage, ...(modelOnly === undefined ? {} : { modelOnly }), state }
}
const fill = (...all: ReadonlyArray<ReturnType<typeof saved>>) =>
  Effect.gen(function* () {
    const store = yield* CheckpointStore
    yield* Effect.scoped(Effect.andThen(store.open, Effect.forEach(all, store.save)))
  })
const inFolder = (directory: string) => Effect.provide(FileSystemStore.layer({ directory }), { local: true })

it.effect("resolves each form of the argument, and fails where the checkpoint does not exist", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const root = yield* fs.makeTempDirectoryScoped()
    const [own, other, empty] = ["own", "other", "empty"].map((name) => path.join(root, name)) as [string, string, string]
    yield* inFolder(own)(fill(saved(2), saved(4)))
    yield* inFolder(other)(fill(saved(3), saved(6, { best: 3 })))
    yield* fs.makeDirectory(empty)
    const at = (asked: ResumeFrom.Argument, outputFolder = own) =>
      ResumeFrom.fromArgument(asked, { outputFolder, entries: ResumeFrom.entriesIn(outputFolder) })

    expect(yield* at(false)).toEqual({ from: "scratch", step: 0 })
    for (const asked of [null, true]) expect(yield* at(asked)).toEqual({ from: "newest", step: 4 })
    expect(yield* at(null, empty)).toEqual({ from: "newest", step: 0 })
    expect(yield* at(own)).toEqual({ from: 4, step: 4 })
    expect(yield* at(path.join(own, "..", "own", "checkpoint-2"))).toEqual({ from: 2, step: 2 })
    for (const [asked, step, checkpoints] of [
      [other, 6, "checkpoint-6"],
      [path.join(other, "checkpoint-3"), 3, "checkpoint-3"]
    ] as const) {
      const found = yield* at(asked)
      expect(found).toMatchObject({ step, otherFolder: path.join(other, checkpoints) })
      expect(found.from).toMatchObject({ state: { step, checkpoints: [], bestCheckpoint: null }, meta: checkpoint(step).meta })
      expect(found.from).not.toHaveProperty("lineage")
    }
    for (const [asked, folder] of [
      [true, empty],
      [empty, own]
    ] as const) {
      const error = yield* Effect.flip(at(asked, folder))
      expect(error).toMatchObject({ _tag: "NoCheckpoint", path: empty })
      expect(error.message).toContain(`no checkpoint at ${empty}`)
    }
    expect(yield* Effect.flip(at(path.join(other, "checkpoint-9")))).toMatchObject({ _tag: "CheckpointError", step: 9 })
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
)

/** A store some of whose checkpoints cannot be read, and the messages of the search in it. */
const search = (unreadable: ReadonlyArray<number>, all: ReadonlyArray<ReturnType<typeof saved>>, from: ResumeFrom.From) =>
  Effect.gen(function* () {
    const messages: Array<string> = []
    const listener = EffectLogger.layer([EffectLogger.make(({ message }) => void messages.push(String(message)))])
    const broken = Layer.effect(
      CheckpointStore,
      Effect.map(CheckpointStore, (inner) => ({
        ...inner,
        load: (step: number) =>
          unreadable.includes(step)
            ? Effect.fail(new CheckpointError({ step, path: "disk", operation: "read", reason: "bad" }))
            : inner.load(step)
      }))
    ).pipe(Layer.provide(MemoryStore.layer))
    const found = yield* Effect.andThen(fill(...all), Effect.result(ResumeFrom.resume(from))).pipe(
      Effect.provide(Layer.merge(broken, listener), { local: true })
    )
    return { found: found._tag === "Success" ? found.success?.state : found.failure, messages }
  })

it.effect("goes back to the checkpoint before an unreadable one with a warning, and fails at the last", () =>
  Effect.gen(function* () {
    const all = [saved(2), saved(4, { best: 2 }), saved(6, { best: 5 })]
    const warning = (step: number) => `Checkpoint ${step} in disk: read failed: bad Going on from the checkpoint before it.`
    expect(yield* search([], all, "newest")).toMatchObject({
      found: { step: 6, bestCheckpoint: null, checkpoints: [2, 6] },
      messages: []
    })
    expect(yield* search([6], all, "newest")).toMatchObject({
      found: { step: 4, bestCheckpoint: 2, checkpoints: [2, 4] },
      messages: [warning(6)]
    })
    expect(yield* search([6, 4, 2], all, "newest")).toMatchObject({
      found: { _tag: "CheckpointError", step: 2 },
      messages: [warning(6), warning(4)]
    })
    expect(yield* search([6], all, 6)).toMatchObject({ found: { _tag: "CheckpointError", step: 6 }, messages: [] })
    expect(yield* search([], all, "scratch")).toEqual({ found: undefined, messages: [] })
    expect(yield* search([], [saved(2, { modelOnly: true })], "newest")).toMatchObject({
      found: { _tag: "NotResumable", step: 2 }
    })
  })
)

it.effect("places an attempt in the lineage that it resumes, and only checkpoints of its own store are durable", () =>
  Effect.gen(function* () {
    const foreign = saved(4, { lineage: { run: "other", attempt: 1, ancestors: [] } })
    yield* fill(saved(2), saved(4))
    const branch = (from: ResumeFrom.From, found: ReturnType<typeof saved> | undefined) =>
      ResumeFrom.branch(from, found, { run: "r", attempt: 2 })
    const place = { run: "r", attempt: 2 }
    const resumed = (step: number) => ({ ...place, ancestors: [{ run: "r", attempt: 1, step }] })
    expect(yield* branch("newest", saved(4))).toEqual({ lineage: resumed(4), steps: [2, 4], durable: saved(4).state })
    expect(yield* branch(2, saved(2))).toEqual({ lineage: resumed(2), steps: [2], durable: undefined })
    expect(yield* branch(saved(4), saved(4))).toEqual({ lineage: resumed(4), steps: [2, 4], durable: saved(4).state })
    const scratch = { lineage: { ...place, ancestors: [] }, steps: [], durable: undefined }
    expect(yield* branch(foreign, foreign)).toEqual(scratch)
    expect(yield* branch("scratch", undefined)).toEqual(scratch)
    // a store of another run, whose checkpoint is named by its step
    expect((yield* branch(4, foreign)).lineage.ancestors).toEqual([{ run: "other", attempt: 1, step: 4 }])
  }).pipe(Effect.provide(MemoryStore.layer))
)

it("names evaluation sets by their metrics' prefix", () => {
  expect(["eval", "test"].map(setName)).toEqual(["eval", "eval_test"])
})
