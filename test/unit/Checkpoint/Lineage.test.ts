import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as CheckpointJson from "../../../src/Checkpoint/CheckpointJson.ts"
import { CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../../../src/Checkpoint/FileSystemStore.ts"
import * as Lineage from "../../../src/Checkpoint/Lineage.ts"
import * as ResumeFrom from "../../../src/Driver/ResumeFrom.ts"
import { checkpoint } from "../../../src/Testing/SampleCheckpoint.ts"
import { evaluation, train } from "../../../src/Testing/SampleEntries.ts"
import { append, initial } from "../../../src/TrainerState.ts"

const attempt = (n: number) => ({ run: "r", attempt: n })
const entry = (step: number, lineage: Lineage.Lineage): Lineage.Entry => ({ step, lineage })

const first = Lineage.make(attempt(1))
const fork = Lineage.make(attempt(2), entry(4, first))
const again = Lineage.make(attempt(3), entry(6, fork))
const store = [entry(2, first), entry(4, first), entry(6, fork), entry(8, first), entry(7, again)]

describe("Lineage", () => {
  it("holds the checkpoints of an attempt, and those before each fork", () => {
    assert.deepStrictEqual(Lineage.steps(store, again), [2, 4, 6, 7])
    assert.deepStrictEqual(Lineage.steps(store, first), [2, 4, 8])
    assert.deepStrictEqual(Lineage.stepsThrough(store, entry(4, first)), [2, 4])
  })

  it("has the last step of the last attempt as the newest, whatever the steps of others", () => {
    assert.strictEqual(Lineage.newest(store)?.step, 7)
    assert.strictEqual(Lineage.newest([]), undefined)
    assert.deepStrictEqual(ResumeFrom.candidates("newest", store), [7, 6, 4, 2])
    assert.deepStrictEqual([ResumeFrom.candidates(8, store), ResumeFrom.candidates("scratch", store)], [[8], []])
  })

  it("takes checkpoints without a lineage for one that is older than any attempt", () => {
    const old = [2, 4, 6].map((step) => entry(step, Lineage.unknown))
    assert.deepStrictEqual(ResumeFrom.candidates("newest", old), [6, 4, 2])
    const resumed = Lineage.make(attempt(2), old[1])
    assert.deepStrictEqual(Lineage.steps([...old, entry(5, resumed)], resumed), [2, 4, 5])
  })
})

describe("a checkpoint of an earlier version", () => {
  it("gets the length of its history: all entries but those that a resumed run logs again", () => {
    const text = (document: Pick<CheckpointJson.Document, "history" | "state">) => {
      const json = JSON.parse(CheckpointJson.encode({ meta: {}, buffers: [], ...document }))
      delete json.state.historyLength
      return JSON.stringify(json)
    }
    const history = [train(1, 1), evaluation(2, 1, "eval_a")]
    const state = { ...initial, step: 2, loggedAt: 1 }
    const partial = { ...state, asked: { ...state.asked, evaluate: true } }
    const whole = { ...state, evaluations: append(null, { step: 2, epoch: 1, initial: false, metrics: {} }) }
    const lengths = [partial, whole].map((state) => CheckpointJson.decode(text({ state, history })).state.historyLength)
    assert.deepStrictEqual(lengths, [1, 2])
  })

  it.live("loads, and a new run in its store is counted on from the attempts in it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/run`
      yield* Effect.gen(function* () {
        const store = yield* CheckpointStore
        yield* store.save(checkpoint(3))
        assert.deepStrictEqual((yield* store.load(3)).lineage, undefined)
        yield* store.save({ ...checkpoint(5), lineage: { run: "lost", attempt: 4, ancestors: [] } })
        assert.strictEqual((yield* Effect.scoped(store.open)).attempt, 5)
        assert.strictEqual((yield* ResumeFrom.find("newest"))?.state.step, 5)
      }).pipe(Effect.provide(FileSystemStore.layer({ directory })))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
