/** A program does what its arguments compile to, event by event; and what its arguments do not allow never starts. */
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Result } from "effect"
import fc from "fast-check"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import type { Options } from "../../src/Driver/Run.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../src/Layer/Logger/Logger.ts"
import * as Program from "../../src/Program/Program.ts"
import * as Plan from "../../src/Schedule/Plan.ts"
import { cadence, some } from "../../src/Testing/ArgumentArbitraries.ts"
import * as Tiny from "../support/tiny.ts"

const tags: ReadonlyArray<Plan.Event["_tag"]> = [
  ...(["Initialized", "Started", "EpochStarted", "Microbatch", "StepStarted", "SubstepEnded", "Updating", "Updated"] as const),
  ...(["StepEnded", "Logged", "Evaluate", "EvaluationLogged", "Evaluated", "Saved", "EpochEnded", "Summary", "Finished"] as const)
]

/** What is compared: what happens, at which step, and what is on disk then. */
const line = (event: Plan.Event) =>
  `${event._tag} ${event.state.step} ${event.state.epoch} [${event.state.checkpoints}] ${event.state.bestCheckpoint}${"set" in event ? ` ${event.set}` : ""}`

const observing = (events: Array<Plan.Event>): Options["observe"] =>
  Object.fromEntries(
    tags.map((tag) => [
      tag,
      (event: Plan.Event) =>
        Effect.as(
          Effect.sync(() => void events.push(event)),
          []
        )
    ])
  )

const run = Effect.fnUntraced(function* (args: Arguments.Input) {
  const events: Array<Plan.Event> = []
  const entries: Array<Entry> = []
  const store = Tiny.store()
  let opened = 0
  const rows = (count: number) =>
    Effect.sync(() => {
      opened++
      return Dataset.fromArray(Tiny.rows(count))
    })
  const program = Program.make({
    args,
    model: Tiny.model,
    dataCollator: Tiny.collate,
    trainDataset: rows(11),
    evalDataset: rows(5),
    observe: observing(events)
  })
  const layers = Layer.mergeAll(Cpu.layer, store.layer, Tiny.logger(entries))
  const exit = yield* Effect.exit(Program.run(program).pipe(Effect.provide(layers, { local: true })))
  return { events, entries, exit, opened: () => opened, done: store.done, program }
})

const typed = /^(UnknownArgument|InvalidArgument|ContradictoryArguments|NotSupported|LoaderError)$/

const refusal = (exit: Exit.Exit<unknown, { readonly _tag: string; readonly message: string }>) =>
  Exit.isFailure(exit) ? Result.getOrThrow(Exit.findError(exit)) : undefined

it.effect(
  "the driver's events are those that the compiled arguments simulate",
  () =>
    Effect.gen(function* () {
      let ran = 0
      for (const args of fc.sample(cadence, { numRuns: 800, seed: 11 })) {
        const context = JSON.stringify(args)
        const { done, entries, events, exit, program } = yield* run(args)
        const error = refusal(exit)
        if (error !== undefined) {
          expect(error._tag, context).toMatch(typed)
          expect([events.length, entries.length, done.length], context).toEqual([0, 0, 0])
          continue
        }
        ran++
        const { plan } = yield* Effect.scoped(Program.prepare(program))
        const found = events.flatMap((event) => (event._tag === "Evaluated" ? [event.metrics] : []))
        let next = 0
        const simulated = Result.getOrThrow(
          Plan.simulate(plan, { metrics: () => found[next++]!, consumed: () => ({ samples: 0, tokens: 0 }) })
        )
        expect(events.map(line), context).toEqual(simulated.events.map(line))
        const saved = events.flatMap((event) => (event._tag === "Saved" ? [`save ${event.state.step}`] : []))
        expect(
          done.filter((what) => what.startsWith("save")),
          context
        ).toEqual(saved)
      }
      expect(ran).toBeGreaterThanOrEqual(300)
    }),
  120_000
)

it.effect(
  "arguments that are wrong, or ask for what is not there, give the typed error before any data is opened",
  () =>
    Effect.gen(function* () {
      let refused = 0
      for (const args of fc.sample(some, { numRuns: 400, seed: 12 })) {
        const made = Arguments.make(args)
        if (Result.isSuccess(made) && Result.isSuccess(Arguments.supported(made.success))) continue
        refused++
        const { done, entries, events, exit, opened } = yield* run(args)
        const error = refusal(exit)
        expect(error?._tag, JSON.stringify(args)).toMatch(typed)
        expect(error!.message).not.toMatch(/undefined/)
        expect([opened(), events.length, entries.length, done.length]).toEqual([0, 0, 0, 0])
      }
      expect(refused).toBeGreaterThanOrEqual(200)
    }),
  60_000
)
