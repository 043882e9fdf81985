/** 150 further runs of the real Trainer with random arguments: exactly, or by exactly the deliberate difference. */
import { describe, expect, it } from "vitest"
import type { Line } from "../../src/cli/PlanTimeline.ts"
import { plan, type Recorded, read, withBest } from "./Recorded.ts"

const runs = read<ReadonlyArray<Recorded>>("cadence_more.json")

/** These recordings have fewer fields, and begin with the training. */
const bare = (events: ReadonlyArray<Line>) =>
  events.slice(1).map(({ log_keys: _keys, metric_keys: _metrics, eval_score: _score, ...line }) => line)

it("has all 150 runs", () => {
  expect(runs.length).toBe(150)
})

describe.each(runs.map((run) => [run.name, run] as const))("%s", (_name, run) => {
  if (run.hf_error !== undefined) {
    it("is a typed error where the recorded Trainer never ends (difference d)", () => {
      expect(() => plan(run)).toThrow(/would end without an update/)
    })
    return
  }

  it("has the same events, checkpoints, best and end", () => {
    const ours = plan(run)
    const savesBest = run.args["save_strategy"] === "best"
    const expected = savesBest ? withBest(run.events) : run.events
    expect(bare(ours.events)).toEqual(expected)
    expect(ours.checkpoints_on_disk_after_train).toEqual(run.checkpoints_on_disk_after_train)
    expect(ours.best_metric).toBe(run.trainer_state.best_metric)
    if (!savesBest) expect(ours.best_global_step).toBe(run.trainer_state.best_global_step)
    expect([ours.events.at(-1)!.step, ours.events.at(-1)!.epoch]).toEqual([run.trainer_state.global_step, run.trainer_state.epoch])
  })
})
