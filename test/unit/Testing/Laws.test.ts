import { Effect, Layer } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as CheckpointStore from "../../../src/Checkpoint/CheckpointStore.ts"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import { Logger } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Retention from "../../../src/Schedule/Retention.ts"
import * as Schedule from "../../../src/Schedule/Schedule.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as Contract from "../../../src/Testing/Contract.ts"
import * as Laws from "../../../src/Testing/Laws.ts"
import type { TrainerState } from "../../../src/TrainerState.ts"

const seeded = { seed: 7, numRuns: 50 }
const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 5 })

describe("accepts", () => {
  it("triggers, schedules, retentions and plans of the library", () => {
    for (const trigger of [Trigger.never, Trigger.epochEnd, Trigger.every("0.3ep"), Trigger.reaches(3)])
      Laws.trigger(trigger, seeded)
    Laws.learningRate(LearningRate.cosine({ peak: 0.1, warmup: 2 }), seeded)
    Laws.stop(Schedule.reached("1ep"), seeded)
    Laws.retention(Retention.keepLast(2), seeded)
    Laws.plan(Plan.make({ horizon, learningRate: LearningRate.linear({ peak: 1 }), save: Trigger.every(3) }), seeded)
  })
})

describe("rejects", () => {
  it("a trigger that counts its calls", () => {
    let calls = 0
    expect(() => Laws.trigger(() => calls++ % 2 === 0, seeded)).toThrow(/same answer/)
  })

  it("a trigger that depends on the identity of a state", () => {
    const seen = new WeakSet<TrainerState>()
    const trigger = (_: TrainerState, after: TrainerState) => seen.has(after) || !seen.add(after)
    expect(() => Laws.trigger(trigger, seeded)).toThrow(/Law violated/)
  })

  it("a trigger with internal state about its last step, which fires at other steps in a resumed run", () => {
    let last = 0
    const trigger = (_: TrainerState, { step }: TrainerState) => {
      if (step <= 1) last = 0
      if (step === last) return true
      if (step < last + 3) return false
      last = step
      return true
    }
    expect(() => Laws.trigger(trigger, seeded)).toThrow(/Law violated/)
  })

  it("a schedule that changes the state", () => {
    const schedule = (state: TrainerState) => Object.assign(state, { step: state.step + 1 }).step
    expect(() => Laws.schedule(schedule, seeded)).toThrow(/read only property/)
  })

  it("a learning rate below 0, or NaN", () => {
    expect(() => Laws.learningRate(({ step }) => 1 - step, seeded)).toThrow(/finite number of at least 0.*it is -1 at step 2/s)
    expect(() => Laws.learningRate(({ step }) => step / step, seeded)).toThrow(/it is NaN at step 0/)
  })

  it("an end of a run that is withdrawn", () => {
    expect(() => Laws.stop(({ step }) => step === 1, seeded)).toThrow(/stays true.*false again at step 2/s)
  })

  it("a retention that removes the newest or the best, keeps what does not exist, or removes more when asked again", () => {
    expect(() => Laws.retention(({ checkpoints }) => checkpoints.slice(0, 1), seeded)).toThrow(/newest/)
    expect(() => Laws.retention(({ checkpoints }) => checkpoints.slice(-1), seeded)).toThrow(/best/)
    expect(() => Laws.retention(({ checkpoints }, finished) => (finished ? [101] : checkpoints), seeded)).toThrow(
      /does not exist/
    )
    const oneLess: Retention.Retention = ({ bestCheckpoint, checkpoints }) =>
      checkpoints.filter((step, i) => i > 0 || step === bestCheckpoint || checkpoints.length === 1)
    expect(() => Laws.retention(oneLess, seeded)).toThrow(/more when asked again/)
  })

  it("a plan whose runs do not end in the same state when they are interrupted", () => {
    let calls = 0
    const plan = Plan.make({ horizon, learningRate: LearningRate.constant({ peak: 1 }), save: () => calls++ % 3 === 0 })
    expect(() => Laws.plan(plan, { ...seeded, script: fc.constant({}) })).toThrow(/interrupted at/)
  })
})

describe("a contract", () => {
  const failing = async (tests: ReadonlyArray<Contract.ContractTest>) => {
    const names: Array<string> = []
    for (const { name, run } of tests) await run().catch(() => names.push(name))
    return names
  }

  it("names what a store does wrong", async () => {
    const unordered = Layer.effect(
      CheckpointStore.CheckpointStore,
      Effect.gen(function* () {
        const store = yield* CheckpointStore.CheckpointStore
        return { ...store, list: Effect.map(store.list, (steps) => [...steps].reverse()), remove: () => Effect.void }
      })
    ).pipe(Layer.provide(Layer.fresh(MemoryStore.layer)))
    expect(await failing(Contract.checkpointStore(unordered))).toEqual([
      "lists by step, not by time or as text",
      "removes a checkpoint; removing a missing one succeeds, loading it fails"
    ])
  })

  it("names what a logger does wrong", async () => {
    const dying = Layer.succeed(Logger, { log: () => Effect.die("log"), flush: Effect.void })
    expect(await failing(Contract.logger(dying, { broken: dying }))).toEqual([
      "takes entries of every kind in any order, without a warning",
      "succeeds where its target fails, and warns once"
    ])
  })
})
