/** The keys of `trainer_state.json` beside a run's state and log: its length, its intervals, its best metric, its callbacks. */
import * as Arguments from "../Arguments/Arguments.ts"
import * as Compile from "../Arguments/Compile.ts"
import type { Plan } from "../Schedule/Plan.ts"
import * as Schedule from "../Schedule/Schedule.ts"
import { initial, type TrainerState } from "../TrainerState.ts"

type Keys = Readonly<Record<string, unknown>>

/**
 * Makes the function that gives the file's keys for a state: `Options.trainerState` of a run. Callbacks are written as they were at the last save:
 * `saved`, where it is not the state itself; null before there was one. `callbacks` are the states of further ones, by class name.
 *
 * **Source**: `TrainerState`, `ExportableState`. `should_save` is true in the file: the flag falls after it is written.
 */
export const make = (
  args: Arguments.Arguments,
  sizes: Compile.Sizes,
  plan: Pick<Plan, "best">,
  callbacks: (state: TrainerState) => Keys = () => ({})
): ((state: TrainerState, saved?: TrainerState | null) => Keys) => {
  const { horizon, evalSteps, loggingSteps, saveSteps } = Compile.resolve(args, sizes)
  const goal = Arguments.goal(args)
  const best = goal === null ? Schedule.constant(null) : Schedule.best(goal)
  const patience = goal === null || sizes.earlyStopping === undefined ? undefined : { ...goal, ...sizes.earlyStopping }
  const waited = patience === undefined ? Schedule.constant(0) : Schedule.waited(patience)
  const stateful = (state: TrainerState, saving: boolean): Keys => ({
    ...(patience === undefined ? {} : earlyStopping(patience, waited(state, horizon))),
    ...callbacks(state),
    TrainerControl: control(state, saving)
  })
  return (state, saved = state) => ({
    best_global_step: plan.best(state, horizon),
    best_metric: best(state, horizon)?.metric ?? null,
    eval_steps: evalSteps,
    logging_steps: loggingSteps,
    max_steps: horizon.maxSteps,
    num_train_epochs: horizon.epochs,
    save_steps: saveSteps,
    stateful_callbacks: saved === null ? stateful(initial, false) : stateful(saved, true),
    train_batch_size: Arguments.trainBatchSize(args)
  })
}

const control = ({ asked, stop }: TrainerState, saving: boolean): Keys => ({
  args: {
    should_epoch_stop: stop.epoch,
    should_evaluate: asked.evaluate,
    should_log: asked.log,
    should_save: saving,
    should_training_stop: stop.run
  },
  attributes: {}
})

const earlyStopping = ({ patience, threshold }: Compile.EarlyStopping, waited: number): Keys => ({
  EarlyStoppingCallback: {
    args: { early_stopping_patience: patience, early_stopping_threshold: threshold },
    attributes: { early_stopping_patience_counter: waited }
  }
})
