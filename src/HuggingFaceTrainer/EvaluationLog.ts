/** What a Trainer logs outside of a training: entries go to the loggers, into its history and to its callbacks. */
import { Effect, Ref } from "effect"
import * as CallbackSet from "../Driver/CallbackSet.ts"
import type { Result } from "../Evaluation/Evaluation.ts"
import { Logger, type Scalars } from "../Layer/Logger/Logger.ts"
import type { Event } from "../Schedule/Event.ts"
import type { Context, Status } from "./Context.ts"

type Figures = Readonly<Record<string, number>>

/** Logs an evaluation, and gives its metrics as the page does: with the epoch, once there was a training. */
export const evaluated = Effect.fnUntraced(function* <A, E, R>(
  core: Context<A, E, R>,
  set: string,
  { clock, metrics }: Pick<Result, "clock" | "metrics">
) {
  const { state, trained } = yield* Ref.get(core.cell)
  const logs = stamped({ ...metrics, ...clock }, { state, trained })
  yield* written(core, { kind: "eval", set, values: metrics, clock })
  yield* Effect.flatMap(Logger, ({ flush }) => flush)
  yield* told(core, { _tag: "EvaluationLogged", state, resumeState: state, set }, logs)
  yield* told(core, { _tag: "Evaluated", state, resumeState: state, set, metrics }, logs)
  return logs
})

/** Logs figures of the user's own. */
export const log = Effect.fnUntraced(function* <A, E, R>(core: Context<A, E, R>, logs: Figures) {
  const held = yield* Ref.get(core.cell)
  const { state } = held
  yield* written(core, { kind: "train", values: logs, clock: {} })
  yield* told(core, { _tag: "Logged", state, resumeState: state }, stamped(logs, held))
})

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

/** Outside of a training there is nothing to stop or to ask for; what callbacks remember is kept. */
const told = Effect.fnUntraced(function* <A, E, R>({ cell }: Context<A, E, R>, event: Event, logs: Figures) {
  const { callbacks, state } = yield* Ref.get(cell)
  const told = yield* CallbackSet.make(callbacks, state)
  const said = yield* told.notify({ ...event, state }, logs) ?? Effect.succeed(undefined)
  if (said !== undefined) yield* Ref.update(cell, (held) => ({ ...held, state: { ...held.state, callbacks: said.callbacks } }))
})
