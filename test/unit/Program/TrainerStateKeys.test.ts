import { expect, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Compile from "../../../src/Arguments/Compile.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as TrainerStateKeys from "../../../src/Program/TrainerStateKeys.ts"
import * as TrainerState from "../../../src/TrainerState.ts"
import * as Tiny from "../../support/tiny.ts"

const compiled = (input: Arguments.Input, earlyStopping?: Compile.EarlyStopping) => {
  const args = Result.getOrThrow(Arguments.make(input))
  const sizes = { batchesPerEpoch: 6, sets: ["eval"], ...(earlyStopping === undefined ? {} : { earlyStopping }) }
  const plan = Result.getOrThrow(Compile.plan(args, sizes))
  return { plan, file: TrainerStateKeys.make(args, sizes, plan) }
}

it.effect("writes the trainer state at each save, also when a run is interrupted", () =>
  Effect.gen(function* () {
    const { plan, file } = compiled({ numTrainEpochs: 2, saveSteps: 5, evalStrategy: "no" })
    const store = Tiny.store()
    const run = Trainer.start(yield* Tiny.task({ sets: [] }), { ...plan, sets: [] }, { trainerState: file })
    yield* Effect.scoped(
      Effect.flatMap(run, ({ events }) => Stream.runDrain(Stream.takeUntil(events, (event) => event.state.step === 7)))
    ).pipe(Effect.provide(Tiny.layers({ store: store.layer })))
    const saved = [...store.kept.values()]
    expect(saved.map(({ state }) => state.step)).toEqual([5, 7])
    for (const { state, trainerState } of saved) expect(trainerState).toEqual(file(state))
  })
)

it("contains the resolved arguments, and the control flags at the save", () => {
  const { file } = compiled({
    maxSteps: 9,
    perDeviceTrainBatchSize: 3,
    evalStrategy: "steps",
    evalSteps: 0.5,
    loggingSteps: 0.1,
    saveSteps: 4
  })
  const stopped = {
    ...TrainerState.initial,
    step: 9,
    stop: { epoch: false, run: true },
    asked: { log: true, evaluate: false, save: false }
  }
  const flags = (saving: boolean, stopping: boolean, logging: boolean) => ({
    TrainerControl: {
      args: {
        should_epoch_stop: false,
        should_evaluate: false,
        should_log: logging,
        should_save: saving,
        should_training_stop: stopping
      },
      attributes: {}
    }
  })
  const end = {
    best_global_step: null,
    best_metric: null,
    eval_steps: 5,
    logging_steps: 1,
    max_steps: 9,
    num_train_epochs: 2,
    save_steps: 4,
    train_batch_size: 3
  }
  expect(file(stopped)).toEqual({ ...end, stateful_callbacks: flags(true, true, true) })
  expect(file(stopped, TrainerState.initial)).toEqual({ ...end, stateful_callbacks: flags(true, false, false) })
  expect(file(stopped, null)).toEqual({ ...end, stateful_callbacks: flags(false, false, false) })
})

it("contains the best metric and the patience counter of early stopping at each evaluation", () => {
  const { file } = compiled(
    { evalStrategy: "epoch", saveStrategy: "epoch", metricForBestModel: "loss" },
    { patience: 3, threshold: 0.1 }
  )
  const losses = [1, 0.95, 0.8, 0.81]
  const evaluations = losses.map((eval_loss, i) => ({ step: 6 * (i + 1), epoch: i + 1, initial: false, metrics: { eval_loss } }))
  const states = losses.map((_, last) => ({
    ...TrainerState.initial,
    evaluations: TrainerState.fromArray(evaluations.slice(0, last + 1))
  }))
  const seen = states.map(
    (state) => file(state) as { best_metric: number; stateful_callbacks: { EarlyStoppingCallback: object } }
  )
  expect(seen.map((keys) => keys.best_metric)).toEqual([1, 0.95, 0.8, 0.8])
  expect(seen.map((keys) => keys.stateful_callbacks.EarlyStoppingCallback)).toEqual(
    [0, 1, 0, 1].map((early_stopping_patience_counter) => ({
      args: { early_stopping_patience: 3, early_stopping_threshold: 0.1 },
      attributes: { early_stopping_patience_counter }
    }))
  )
})
