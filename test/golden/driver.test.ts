/** Every recorded configuration of the real Trainer, trained by the real driver: events, checkpoints, log, weights and sample order. */
import "@tensorflow/tfjs-backend-cpu"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Line } from "../../src/cli/PlanTimeline.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { type Change, type Driven, drive } from "./Driven.ts"
import { type Recorded, read, withBest } from "./Recorded.ts"

type Figures = Readonly<Record<string, number>>
type Log = ReadonlyArray<Figures>
type Config = Recorded & {
  readonly trainer_state: State
  readonly final_weights: {
    readonly "lin.weight": ReadonlyArray<ReadonlyArray<number>>
    readonly "lin.bias": ReadonlyArray<number>
  }
  readonly uninterrupted_log_history?: Log
  readonly uninterrupted_sample_order?: ReadonlyArray<number>
  readonly sample_order_read_after_resume?: ReadonlyArray<number>
}

const { configs } = read<{ readonly configs: ReadonlyArray<Config> }>("cadence.json")
const named = (name: string) => configs.find((config) => config.name === name)!
const recordedLog = (config: Config): Log => config.trainer_state.log_history!
const trainLoss = (log: Log) => log.at(-1)!["train_loss"]!

/** Puts other figures in one entry of a log. */
const amend = (log: Log, index: number, figures: Figures): Log => log.with(index, { ...log.at(index)!, ...figures })

/** The deliberate differences (DESIGN.md, section 1): from the real events to ours. */
const events: Readonly<Record<string, (events: ReadonlyArray<Line>) => ReadonlyArray<Line>>> = {
  // (a) a checkpoint made at the last step of an epoch owes the epoch's end
  resume_ga: (events) =>
    events.toSpliced(2, 0, { event: "on_epoch_begin", step: 3, epoch: 1 }, { event: "on_epoch_end", step: 3, epoch: 1 }),
  // (e) the best step and its checkpoint are recorded, and so its weights can be put back
  save_best: withBest,
  save_best_load_best: withBest
}

/** (b) A resumed run logs what the uninterrupted one does: the losses before the cut count. */
const logs: Readonly<Record<string, (config: Config) => Log>> = {
  // other data than in the uninterrupted run: the losses of the four steps before the cut come from a run that is the same until there
  resume_ignore_data_skip: (config) => {
    const log = recordedLog(config)
    const { uninterrupted_log_history, trainer_state } = named("resume_mid_epoch")
    const before = 18 * (trainLoss(uninterrupted_log_history!) - trainLoss(trainer_state.log_history!))
    const sinceLog = before - 3 * log[0]!["loss"]!
    return amend(amend(log, 1, { loss: (sinceLog + 2 * log[1]!["loss"]!) / 3 }), -1, { train_loss: trainLoss(log) + before / 18 })
  },
  // the run before is that of log_steps3
  resume_more_epochs: (config) => {
    const before = 12 * trainLoss(recordedLog(named("log_steps3")))
    return amend(recordedLog(config), -1, { train_loss: trainLoss(recordedLog(config)) + before / 18 })
  }
}

/** (e) The real run has no best checkpoint to put back; its weights at that step are those that a run of the same length puts back. */
const weights: Readonly<Record<string, Config["final_weights"]>> = {
  save_best_load_best: named("greater_is_better_false").final_weights
}

/** The learning rate of the update after a step. */
const rateAfter =
  (step: number, rate: number): Change =>
  (plan) => ({ ...plan, learningRate: (state, horizon) => (state.step === step ? rate : plan.learningRate(state, horizon)) })

/**
 * A resumed run takes its learning rates from the new arguments, from its first update on. The real one makes that update at the
 * rate which the old schedule left in the optimizer: 0, at its end. With this rate, and no other change, ours is the recorded run.
 */
const rates: Readonly<Record<string, { readonly theirs: Change; readonly ours: Change }>> = {
  resume_more_epochs: { theirs: rateAfter(12, 0), ours: rateAfter(12, 0.01 * (1 - 12 / 18)) }
}

/** With `ignore_data_skip` the real run ends inside an epoch, and its loader has read one batch of four ahead. */
const readAhead: Readonly<Record<string, number>> = { resume_ignore_data_skip: 4 }

const tolerances: ReadonlyArray<readonly [name: RegExp, tolerance: number]> = [
  [/^loss$/, 1e-4], // rounded to four decimals
  [/^grad_norm$/, 1e-4],
  [/^learning_rate$/, 1e-12],
  [/^train_loss$/, 1e-6],
  [/^eval_(.+_)?loss$/, 1e-6]
]
const clocks = /_(runtime|per_second)$/

const figures = ({ clock, epoch, step, values }: Scalars): Figures => ({ ...values, ...clock, epoch, step })
const close = (found: number, expected: number, tolerance: number, what: string) =>
  expect(Math.abs(found - expected), `${what}: ${found} for ${expected}`).toBeLessThanOrEqual(tolerance)

type State = Recorded["trainer_state"] & { readonly num_train_epochs: number }
type Best = number | null | undefined
/** The recorded best metric in place of ours, where it is a loss and close enough: the rest of a line is compared exactly. */
const bestWithin = (tolerance: number) => (ours: Best, theirs: Best) =>
  typeof ours === "number" && typeof theirs === "number" && Math.abs(ours - theirs) <= tolerance ? { best_metric: theirs } : {}

const sameLog = (ours: Log, expected: Log) => {
  const keys = (log: Log) => log.map((entry) => Object.keys(entry).sort())
  expect(keys(ours)).toEqual(keys(expected))
  for (const [index, entry] of expected.entries()) {
    for (const [name, value] of Object.entries(entry)) {
      const found = ours[index]![name]!
      const tolerance = tolerances.find(([names]) => names.test(name))?.[1] ?? 0
      if (clocks.test(name)) expect(found).toBeGreaterThanOrEqual(0)
      else close(found, value, tolerance, `${name} of step ${entry["step"]}`)
    }
  }
}

/** The whole file, its keys in order. Its losses and times are rounded. */
const sameFile = (file: unknown, recorded: State, expected: Log, same: ReturnType<typeof bestWithin>) => {
  const { log_history, ...rest } = file as State & { readonly log_history: Log }
  expect(Object.keys(file as object)).toEqual(Object.keys(recorded))
  const best = same(rest.best_metric, recorded.best_metric)
  const epochs = recorded.num_train_epochs >= 2 ** 63 ? { num_train_epochs: 2n ** 63n - 1n } : {} // `JSON.parse` rounds it
  expect({ ...rest, ...best, log_history: [] }).toEqual({ ...recorded, ...epochs, log_history: [] })
  sameLog(log_history, expected)
  for (const entry of log_history) {
    expect(Object.keys(entry)).toEqual(Object.keys(entry).sort())
    for (const [name, value] of Object.entries(entry)) {
      const decimals = name === "loss" || name.endsWith("_runtime") ? 4 : name.endsWith("_per_second") ? 3 : undefined
      if (decimals !== undefined) expect(Number(value.toFixed(decimals))).toBe(value)
    }
  }
}

const sameWeights = ({ parameters }: Driven, expected: Config["final_weights"]) => {
  const ours = [...parameters["lin.weight"]!.data, ...parameters["lin.bias"]!.data]
  const theirs = [...expected["lin.weight"].flat(), ...expected["lin.bias"]]
  expect([parameters["lin.weight"]!.shape, parameters["lin.bias"]!.shape]).toEqual([[1, 2], [1]])
  for (const [index, value] of theirs.entries()) close(ours[index]!, value, 1e-6, `weight ${index}`)
}

it("has all 64 configurations", () => {
  expect(configs.length).toBe(64)
})

describe("driver", () => {
  it.live.each(configs)("$name", (config) =>
    Effect.gen(function* () {
      const { name, trainer_state } = config
      const tensors = tf.memory().numTensors
      const { first, last } = yield* drive(config, rates[name]?.theirs)
      expect(tf.memory().numTensors).toBe(tensors)

      const expected = events[name]?.(config.events) ?? config.events
      const end = expected.at(-1)!
      const same = bestWithin(config.scripted_eval_score === undefined ? 1e-6 : 0)
      expect(last.events.map((line, index) => ({ ...line, ...same(line.best_metric, expected[index]?.best_metric) }))).toEqual(
        expected
      )
      expect(last.evaluated).toBe(expected.filter((line) => line.event === "on_prediction_step").length)
      expect(last.checkpoints).toEqual(config.checkpoints_on_disk_after_train)
      expect([last.state.step, last.state.epoch]).toEqual([trainer_state.global_step, trainer_state.epoch])
      expect({ best_metric: last.best.metric, ...same(last.best.metric, trainer_state.best_metric) }).toEqual({
        best_metric: trainer_state.best_metric
      })
      expect(last.best.step).toBe(name in events ? (end.best_global_step ?? null) : trainer_state.best_global_step)

      const log = logs[name]?.(config) ?? config.uninterrupted_log_history ?? recordedLog(config)
      sameLog(last.history.map(figures), log)
      const { best_global_step = null, best_model_checkpoint = null } = end
      sameFile(last.file, { ...trainer_state, ...(name in events ? { best_global_step, best_model_checkpoint } : {}) }, log, same)
      sameWeights(last, weights[name] ?? config.final_weights)

      if (rates[name] !== undefined) {
        const ours = yield* drive(config)
        const same = yield* drive(config, rates[name].ours)
        expect(ours.last.parameters).toEqual(same.last.parameters)
        expect(ours.last.parameters).not.toEqual(last.parameters)
        expect(ours.last.events).toEqual(last.events)
      }

      if (config.uninterrupted_log_history !== undefined) {
        sameLog(first.history.map(figures), config.uninterrupted_log_history)
        expect(first.order).toEqual(config.uninterrupted_sample_order)
        const order = config.sample_order_read_after_resume!
        expect(last.order).toEqual(order.slice(0, order.length - (readAhead[name] ?? 0)))
      }
    })
  )
})
