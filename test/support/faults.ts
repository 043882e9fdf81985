/** Faults of the services and user code of a run: slow, failing, hanging or throwing loggers, stores, observers and data. */
import { Effect, Layer } from "effect"
import fc from "fast-check"
import { CheckpointError, CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import { DataError } from "../../src/Data/Dataset.ts"
import type { Loader } from "../../src/Data/Loader.ts"
import * as Observer from "../../src/Driver/Observer.ts"
import { Logger } from "../../src/Layer/Logger/Logger.ts"

export interface Fault {
  readonly target:
    | "logger.log"
    | "logger.flush"
    | "store.save"
    | "store.remove"
    | "store.list"
    | "store.load"
    | "observer"
    | "data"
  readonly kind: "slow" | "fails" | "hangs" | "throws"
  /** The call that it begins with, counted from 0; it goes on for `calls`. */
  readonly from: number
  readonly calls: number
}

export const fault: fc.Arbitrary<Fault> = fc.record({
  target: fc.constantFrom<Fault["target"]>(
    "logger.log",
    "logger.flush",
    "store.save",
    "store.remove",
    "store.list",
    "store.load",
    "observer",
    "data"
  ),
  kind: fc.constantFrom<Fault["kind"]>("slow", "fails", "hangs", "throws"),
  from: fc.nat(8),
  calls: fc.integer({ min: 1, max: 4 })
})

class Planted extends Error {
  override message = "planted fault"
}

/** Puts the faults of one target around a call. `failure` is its typed error; without one a failing call dies. */
const around = (faults: ReadonlyArray<Fault>, target: Fault["target"], failure?: () => unknown) => {
  const own = faults.filter((fault) => fault.target === target)
  let call = 0
  return <A, E, R>(make: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const at = call++
    const now = own.find(({ calls, from }) => at >= from && at < from + calls)
    switch (now?.kind) {
      case undefined:
        return make()
      case "slow":
        return Effect.delay(Effect.suspend(make), 15)
      case "hangs":
        return Effect.never
      case "throws":
        throw new Planted()
      case "fails":
        return (failure === undefined ? Effect.die(new Planted()) : Effect.fail(failure())) as Effect.Effect<A, E, R>
    }
  }
}

/** A logger with faults, over one that works. */
export const logger = (faults: ReadonlyArray<Fault>, working: Layer.Layer<Logger>): Layer.Layer<Logger> =>
  Layer.effect(
    Logger,
    Effect.map(Effect.service(Logger), (logger) => {
      const [log, flush] = [around(faults, "logger.log"), around(faults, "logger.flush")]
      return { ...logger, log: (entry) => log(() => logger.log(entry)), flush: Effect.suspend(() => flush(() => logger.flush)) }
    })
  ).pipe(Layer.provide(working))

/** A checkpoint store with faults, over one that works. */
export const store = (faults: ReadonlyArray<Fault>, working: Layer.Layer<CheckpointStore>): Layer.Layer<CheckpointStore> =>
  Layer.effect(
    CheckpointStore,
    Effect.map(Effect.service(CheckpointStore), (store) => {
      const failure = (operation: CheckpointError["operation"]) => () =>
        new CheckpointError({ step: null, path: "planted", operation, reason: "planted fault" })
      const save = around(faults, "store.save", failure("write"))
      const remove = around(faults, "store.remove", failure("remove"))
      const list = around(faults, "store.list", failure("list"))
      const load = around(faults, "store.load", failure("read"))
      return {
        ...store,
        save: (checkpoint) => save(() => store.save(checkpoint)),
        remove: (step) => remove(() => store.remove(step)),
        list: Effect.suspend(() => list(() => store.list)),
        load: (step) => load(() => store.load(step))
      }
    })
  ).pipe(Layer.provide(working))

/** An observer that asks for nothing, with faults. */
export const observer = (faults: ReadonlyArray<Fault>): Observer.Observer<Planted> => {
  const handle = around(faults, "observer", () => new Planted())
  const none = () => handle(() => Effect.succeed([]))
  return Observer.make<Planted>({ Started: none, StepEnded: none, Logged: none, Evaluated: none, Saved: none, EpochEnded: none })
}

/** Training data with faults. */
export const data = (faults: ReadonlyArray<Fault>, loader: Loader): Loader => {
  const read = around(faults, "data", () => new DataError({ row: null, column: null, reason: "planted fault" }))
  return { ...loader, batch: (epoch, index) => read(() => loader.batch(epoch, index)) }
}
