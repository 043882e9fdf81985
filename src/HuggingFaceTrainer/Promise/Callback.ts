/** Callbacks for the Trainer with promises: the `run` of an event evaluates, predicts and generates with promises. */
import { Effect } from "effect"
import * as Callback from "../../Driver/Callback.ts"
import { type EventTags, type Replied, tags } from "../../Driver/CallbackEvent.ts"
import type { CurrentRun as EffectRun } from "../../Driver/CurrentRun.ts"
import type { Predicted } from "../../Evaluation/Evaluation.ts"
import type { Generated } from "../../Evaluation/Generation.ts"
import type { Metrics, Tag } from "../../Schedule/Event.ts"
import type { HostWeights } from "../../Tensor/Weights.ts"

export * from "../../Driver/Callback.ts"

/** The run at an event, as `CurrentRun` of `regimen`. The promises are rejected with its typed errors. */
export interface CurrentRun extends Omit<EffectRun, "weights" | "evaluate" | "predict" | "generate"> {
  /** A copy of the parameters, the buffers and the optimizer's state. */
  readonly weights: Promise<HostWeights>
  readonly evaluate: (...args: Parameters<EffectRun["evaluate"]>) => Promise<Metrics>
  readonly predict: (...args: Parameters<EffectRun["predict"]>) => Promise<Predicted>
  readonly generate: (...args: Parameters<EffectRun["generate"]>) => Promise<Generated>
}

export type CallbackEvent<T extends Tag> = Callback.CallbackEvent<T, CurrentRun>

/** Handles an event, given the callback's state, at once or as a promise. The run waits for its reply. */
export type Handler<T extends Tag, S> = (event: CallbackEvent<T>, state: S) => Replied<T, S> | PromiseLike<Replied<T, S>>

export type Handlers<S> = { readonly [Name in keyof EventTags]?: Handler<EventTags[Name], S> } & {
  readonly [Name in keyof Callback.Watchers]?: (event: Callback.Watchers[Name]) => unknown
}

/**
 * Makes a callback from handlers, as `Callback.make` of `regimen` does.
 *
 * **Errors**: as there; `CallbackFailed` ends the run when a handler throws, or its promise is rejected.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Callback } from "regimen/promise"
 *
 * const losses: Array<number> = []
 * const watching = Callback.make({
 *   name: "TrainLoss",
 *   onEpochEnd: async ({ run, state }) => {
 *     const { train_loss } = await run.evaluate(run.trainDataloader, "train")
 *     losses[state.epochsEnded] = train_loss!
 *   }
 * })
 * assert.equal(watching.name, "TrainLoss")
 * ```
 */
export const make = <S = undefined>(
  options: Handlers<NoInfer<S>> & { readonly name?: string; readonly state?: Callback.CallbackState<S> }
): Callback.Callback => {
  const { name = "Callback" } = options
  const handlers = Object.entries(options).map(([on, handler]) =>
    Object.hasOwn(tags, on) && typeof handler === "function"
      ? [on, handling(name, on, handler as Handler<Tag, unknown>)]
      : [on, handler]
  )
  return Callback.make(Object.fromEntries(handlers) as Callback.Handlers<undefined, never, never>)
}

/** Calls a handler with a run of promises, which are interrupted with the handler. */
const handling =
  (callback: string, event: string, handler: Handler<Tag, unknown>) => (given: Callback.CallbackEvent<Tag>, state: unknown) =>
    Effect.tryPromise({
      try: async (signal) => handler({ ...given, run: promised(given.run, signal) }, state),
      catch: (cause) => new Callback.CallbackFailed({ callback, event, cause })
    })

const promised = (run: EffectRun, signal: AbortSignal): CurrentRun => {
  const started = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(effect, { signal })
  return {
    args: run.args,
    model: run.model,
    tokenizer: run.tokenizer,
    optimizer: run.optimizer,
    trainDataloader: run.trainDataloader,
    evalDataloaders: run.evalDataloaders,
    get learningRate() {
      return run.learningRate
    },
    get weights() {
      return started(run.weights)
    },
    evaluate: (...args) => started(run.evaluate(...args)),
    predict: (...args) => started(run.predict(...args)),
    generate: (...args) => started(run.generate(...args))
  }
}
