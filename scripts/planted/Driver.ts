/** Bugs of the driver, of the plan, and of what they ask users for. */
import type { Bug } from "./Bug.ts"

const run = "test/unit/Driver/Run.test.ts"

export const driver: ReadonlyArray<Bug> = [
  {
    bug: "Retention removes the checkpoint that was just saved",
    file: "src/Schedule/Play.ts",
    find: "const retained = new Set([...plan.retention(saved, false), state.step])",
    replace: "const retained = new Set(plan.retention(saved, false))",
    test: "test/unit/Schedule/Plan.test.ts",
    named: "keeps the checkpoint that was just saved"
  },
  {
    bug: "A logger that throws ends the run",
    file: "src/Driver/OpenRun.ts",
    find: "IsolatedLogger.make(yield* Logger, undefined, options.grace ?? defaultGrace)",
    replace: "(void [IsolatedLogger, defaultGrace], yield* Logger)",
    test: run,
    named: "loggers and hooks that hang or throw"
  },
  {
    bug: "A schedule or trigger that throws is a defect",
    file: "src/Schedule/PlanFailed.ts",
    find: "throw cause instanceof PlanFailed ? cause : failed(part, state, messageOf(cause))",
    replace: "throw part === undefined ? failed(part, state, messageOf(cause)) : cause",
    test: run,
    named: "that throws fails with its name"
  },
  {
    bug: "An update is made before the plan has decided, and a plan that throws loses the work since the last checkpoint",
    file: "src/Driver/Turn.ts",
    find: "if (Result.isFailure(advanced)) return Effect.fail(advanced.failure)",
    replace:
      "if (Result.isFailure(advanced)) return Effect.andThen(outcome.commit ?? Effect.void, Effect.fail(advanced.failure))",
    test: run,
    named: "that throws fails with its name"
  },
  {
    bug: "A loader that throws is a defect",
    file: "src/Driver/EventHandlers.ts",
    find: "Effect.catchDefect((cause) => Effect.fail(new LoaderFailed({ ...position, reason: messageOf(cause) }))),",
    replace: "Effect.tap(() => (LoaderFailed, Effect.void)),",
    test: run,
    named: "user code that throws"
  },
  {
    bug: "An evaluation whose data throw is a defect",
    file: "src/Driver/EventHandlers.ts",
    find: "Effect.catchDefect((cause) => Effect.fail(new EvaluationFailed({ set: name, step: state.step, reason: messageOf(cause) })))",
    replace: "Effect.tap(() => (EvaluationFailed, Effect.void))",
    test: run,
    named: "user code that throws"
  },
  {
    bug: "An observer that throws is a defect",
    file: "src/Driver/Observer.ts",
    find: "Effect.catchDefect((cause) => failed(messageOf(cause))),",
    replace: "Effect.tap(() => (messageOf, Effect.void)),",
    test: run,
    named: "user code that throws"
  },
  {
    bug: "Two readers of a run's events answer the same question twice",
    file: "src/Driver/Run.ts",
    find: "if (get(run).reading) return",
    replace: "if (get(run).reading && !get(run).reading) return",
    test: run,
    named: "rejects a second consumer"
  },
  {
    bug: "Observers with different errors do not compose without type arguments",
    file: "src/Driver/Observer.ts",
    find: "export const all = <O extends ReadonlyArray<Any>>(...observers: O): Observer<ErrorsOf<O[number]>, ServicesOf<O[number]>> => {",
    replace: "export const all = <E, R>(...observers: ReadonlyArray<Observer<E, R>>): Observer<E, R> => {",
    test: "test/types/Observer.test.ts",
    check: "types"
  },
  {
    bug: "Callbacks with different errors do not compose without type arguments",
    file: "src/Driver/Callback.ts",
    find: "export type ErrorsOf<C extends Any> = C extends Callback<infer E, infer _> ? E : never",
    replace:
      "export type ErrorsOf<C extends Any> = [C] extends [Callback<infer E, infer _>] ? E extends Error ? never : E : never",
    test: "test/unit/Driver/CallbackTypes.test.ts",
    check: "types"
  },
  {
    bug: "A negative learning rate trains uphill",
    file: "src/Schedule/PlanFailed.ts",
    find: "if (Number.isFinite(rate) && rate >= 0) return rate",
    replace: "if (Number.isFinite(rate)) return rate",
    test: run,
    named: "below zero"
  },
  {
    bug: "An unknown request of an observer is ignored",
    file: "src/Driver/Observer.ts",
    find: "return unknown === undefined\n",
    replace: "return unknown !== null\n",
    test: run,
    named: "user code that throws"
  },
  {
    bug: "A callback that asks for a single request fails with a TypeError",
    file: "src/Driver/CallbackSet.ts",
    find: "= Array.isArray(ask) ? ask : [ask]",
    replace: "= ask as any",
    test: "test/unit/Driver/Callback.test.ts",
    named: "accepts a single request"
  },
  {
    bug: "A run cannot start from given weights",
    file: "src/Driver/RunOptions.ts",
    find: "given: { initial: from.weights } }",
    replace: "given: {} as never }",
    test: run,
    named: "starts at step 0 from given weights"
  },
  {
    bug: "A save has no span with run and attempt",
    file: "src/Driver/RunTelemetry.ts",
    find: 'span("regimen.save", { step: checkpoint.state.step })',
    replace: "Effect.asVoid",
    test: "test/unit/Driver/RunTelemetry.test.ts",
    named: "spans of updates"
  },
  {
    bug: "The metric of the loss is not updated",
    file: "src/Driver/RunTelemetry.ts",
    find: "yield* Metric.update(loss, value)",
    replace: "void [loss, value]",
    test: "test/unit/Driver/RunTelemetry.test.ts",
    named: "metrics hold"
  }
]
