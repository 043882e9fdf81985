/** Logs evaluations and users' values outside of a training: to the loggers, the Trainer's history and its callbacks. */
import { Effect, Ref } from "effect"
import type { Loader } from "../Data/Loader.ts"
import * as CallbackSet from "../Driver/CallbackSet.ts"
import * as CurrentRun from "../Driver/CurrentRun.ts"
import type { Result } from "../Evaluation/Evaluation.ts"
import { Logger, type Scalars } from "../Layer/Logger/Logger.ts"
import * as DataLoaders from "../Program/DataLoaders.ts"
import * as Program from "../Program/Program.ts"
import type { Event } from "../Schedule/Event.ts"
import type { TrainerState } from "../TrainerState.ts"
import { createOptimizer } from "./OptimizerInfo.ts"
import { current, present, type TrainerContext, type TrainerStatus } from "./TrainerContext.ts"

type Figures = Readonly<Record<string, number>>

/** Logs an evaluation, and returns its metrics: with the epoch after a training. **Source**: `Trainer.evaluate`. */
export const evaluated = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  { loader, set }: { readonly loader: Loader; readonly set: string },
  { clock, metrics }: Pick<Result, "clock" | "metrics">
) {
  const { state, trained } = yield* current(context)
  const values = { ...metrics, ...tokens(context, state) }
  const logs = stamped({ ...metrics, ...clock, ...tokens(context, state) }, { state, trained })
  yield* written(context, { kind: "eval", set, values, clock })
  yield* Effect.flatMap(Logger, ({ flush }) => flush)
  yield* notify(context, { _tag: "EvaluationLogged", state, resumeState: state, set }, logs, { [set]: loader })
  yield* notify(context, { _tag: "Evaluated", state, resumeState: state, set, metrics }, logs, { [set]: loader })
  return logs
})

/** Logs values of the user's own. */
export const log = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>, logs: Figures) {
  const held = yield* current(context)
  const { state } = held
  const values = { ...logs, ...tokens(context, state) }
  yield* written(context, { kind: "train", values, clock: {} })
  yield* notify(context, { _tag: "Logged", state, resumeState: state }, stamped(values, held))
})

/** The tokens that training has read, if `include_num_input_tokens_seen` asks for them. **Source**: `Trainer.log`. */
const tokens = <A, E, R>({ args }: TrainerContext<A, E, R>, { inputTokens }: TrainerState): Figures =>
  args.includeNumInputTokensSeen === "no" ? {} : { num_input_tokens_seen: inputTokens }

/** Adds the epoch after a training. */
const stamped = (logs: Figures, { state, trained }: Pick<TrainerStatus<never, never>, "state" | "trained">): Figures =>
  trained ? { ...logs, epoch: state.epoch } : logs

/**
 * Logs an entry. Its stamp is that of the last run, if there was one; in a training it is of no run, whose log is what its checkpoints hold.
 */
const written = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  entry: Pick<Scalars, "kind" | "set" | "values" | "clock">
) {
  const logger = yield* Logger
  const { history, running, state } = yield* current(context)
  const { attempt, run } = (running === undefined ? history.at(-1) : undefined) ?? { run: "", attempt: 0 }
  const scalars: Scalars = { _tag: "Scalars", run, attempt, step: state.step, epoch: state.epoch, ...entry }
  yield* logger.log(scalars)
  const log = running === undefined ? "history" : "loggedByCallbacks"
  yield* Ref.update(context.ref, (held) => ({ ...held, [log]: [...held[log], scalars] }))
})

/** Calls the handlers of an event outside of a training, where requests have no effect, and updates the callbacks' state. */
const notify = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  event: Event,
  logs: Figures,
  evalDataloaders: Readonly<Record<string, Loader>> = {}
) {
  const { ref } = context
  const { callbacks, running, state } = yield* current(context)
  const set = yield* CallbackSet.make(callbacks, state, running ?? (yield* viewsOf(context, evalDataloaders)))
  const replies = yield* set.notify({ ...event, state }, logs) ?? Effect.succeed(undefined)
  if (replies !== undefined)
    yield* Ref.update(ref, (held) => ({ ...held, state: { ...held.state, callbacks: replies.callbacks } }))
})

/** The views that callbacks get outside of a training: the Trainer's own weights and parts. */
const viewsOf = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  evalDataloaders: Readonly<Record<string, Loader>>
) {
  return yield* CurrentRun.make({
    config: yield* Program.taskConfig(context.args, yield* context.parts),
    weights: yield* present(context),
    args: context.args,
    tokenizer: context.options.tokenizer,
    openRows: yield* DataLoaders.openRows<A, E, R>(yield* context.parts, context.args),
    optimizer: createOptimizer(context),
    learningRate: ({ lastUpdate }) => lastUpdate.learningRate,
    trainDataloader: undefined,
    evalDataloaders
  })
})
