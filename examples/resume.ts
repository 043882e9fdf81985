/** An interrupted run that is resumed ends with the same weights as an uninterrupted one, bit for bit. `node examples/resume.ts` */
import assert from "node:assert/strict"
import { Effect, Equal, Layer } from "effect"
import { CheckpointStore, Device, Logger, Observer, Program } from "regimen"
import line from "./line.ts"

/** In-memory Layers: each call creates a new store. */
const layers = () => Layer.mergeAll(Device.wasm, CheckpointStore.memory, Logger.none)

const whole = Program.run(line).pipe(Effect.provide(layers(), { local: true }))

/** Stops at step 25, as Ctrl-C would, and starts again: the store has the checkpoint of the interruption. */
const parts = Effect.gen(function* () {
  const stop = Observer.make({ StepEnded: ({ state }) => (state.step === 25 ? Effect.interrupt : Effect.succeed([])) })
  yield* Effect.exit(Program.run(line, {}, { observe: stop }))
  return yield* Program.run(line)
}).pipe(Effect.provide(layers(), { local: true }))

const check = Effect.gen(function* () {
  const [one, other] = [yield* whole, yield* parts]
  assert.ok(Equal.equals(one.weights, other.weights))
  assert.ok(Equal.equals(one.state, other.state))
  return `Both ended at step ${other.state.step} with the same weights.`
})
console.log(await Effect.runPromise(check))
