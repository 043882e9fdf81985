/** What a Trainer logs outside of a training: entries go to the loggers, into its history and to its callbacks. */
import { Effect, Ref } from "effect"
import type { Loader } from "../Data/Loader.ts"
import * as CallbackSet from "../Driver/CallbackSet.ts"
import * as CurrentRun from "../Driver/CurrentRun.ts"
import type { Result } from "../Evaluation/Evaluation.ts"
import { Logger, type Scalars } from "../Layer/Logger/Logger.ts"
import * as Program from "../Program/Program.ts"
import type { Event } from "../Schedule/Event.ts"
import type { TrainerState } from "../TrainerState.ts"
import { type Context, present, type Status } from "./Context.ts"
import { createOptimizer } from "./OptimizerInfo.ts"

type Figures = Readonly<Record<string, number>>

/** Logs an evaluation, and gives its metrics as the page does: with the epoch, once there was a training. */
export const evaluated = Effect.fnUntraced(function* <A, E, R>(
  core: Context<A, E, R>,
  { loader, set }: { readonly loader: Loader; readonly set: string },
  { clock, metrics }: Pick<Result, "clock" | "metrics">
) {
  const { state, trained } = yield* Ref.get(core.cell)
  const values = { ...metrics, ...tokens(core, state) }
  const logs = stamped({ ...metrics, ...clock, ...tokens(core, state) }, { state, trained })
  yield* written(core, { kind: "eval", set, values, clock })
  yield* Effect.flatMap(Logger, ({ flush }) => flush)
  yield* told(core, { _tag: "EvaluationLogged", state, resumeState: state, set }, logs, { [set]: loader })
  yield* told(core, { _tag: "Evaluated", state, resumeState: state, set, metrics }, logs, { [set]: loader })
  return logs
})

/** Logs figures of the user's own. */
export const log = Effect.fnUntraced(function* <A, E, R>(core: Context<A, E, R>, logs: Figures) {
  const held = yield* Ref.get(core.cell)
  const { state } = held
  const values = { ...logs, ...tokens(core, state) }
  yield* written(core, { kind: "train", values, clock: {} })
  yield* told(core, { _tag: "Logged", state, resumeState: state }, stamped(values, held))
})

/** The tokens that training has read, if `include_num_input_tokens_seen` asks for them. **Source**: `Trainer.log`. */
const tokens = <A, E, R>({ args }: Context<A, E, R>, { inputTokens }: TrainerState): Figures =>
  args.includeNumInputTokensSeen === "no" ? {} : { num_input_tokens_seen: inputTokens }

/** Figures have an epoch once there was a training. */
const stamped = (logs: Figures, { state, trained }: Pick<Status<never, never>, "state" | "trained">): Figures =>
  trained ? { ...logs, epoch: state.epoch } : logs

/** An entry has the stamp of the last run; before there was one it has none. */
const written = Effect.fnUntraced(function* <A, E, R>(
  { cell }: Context<A, E, R>,
  entry: Pick<Scalars, "kind" | "set" | "values" | "clock">
) {
  const logger = yield* Logger
  const { history, state } = yield* Ref.get(cell)
  const { attempt, run } = history.at(-1) ?? { run: "", attempt: 0 }
  const scalars: Scalars = { _tag: "Scalars", run, attempt, step: state.step, epoch: state.epoch, ...entry }
  yield* logger.log(scalars)
  yield* Ref.update(cell, (held) => ({ ...held, history: [...held.history, scalars] }))
})

/** Calls the handlers of an event outside of a training, where requests have no effect, and updates the callbacks' state. */
const told = Effect.fnUntraced(function* <A, E, R>(
  core: Context<A, E, R>,
  event: Event,
  logs: Figures,
  evalDataloaders: Readonly<Record<string, Loader>> = {}
) {
  const { cell } = core
  const { callbacks, running, state } = yield* Ref.get(cell)
  const told = yield* CallbackSet.make(callbacks, state, running ?? (yield* viewsOf(core, evalDataloaders)))
  const said = yield* told.notify({ ...event, state }, logs) ?? Effect.succeed(undefined)
  if (said !== undefined) yield* Ref.update(cell, (held) => ({ ...held, state: { ...held.state, callbacks: said.callbacks } }))
})

/** The views that callbacks get outside of a training: the Trainer's own weights and parts. */
const viewsOf = Effect.fnUntraced(function* <A, E, R>(core: Context<A, E, R>, evalDataloaders: Readonly<Record<string, Loader>>) {
  return yield* CurrentRun.make({
    config: yield* Program.taskConfig(core.args, yield* core.parts),
    weights: yield* present(core),
    args: core.args,
    tokenizer: core.options.tokenizer,
    optimizer: createOptimizer(core),
    learningRate: ({ lastUpdate }) => lastUpdate.learningRate,
    trainDataloader: undefined,
    evalDataloaders
  })
})
