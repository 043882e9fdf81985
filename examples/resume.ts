/** A run that is cut and goes on ends as one that was not, to the bit. `node examples/resume.ts` */
import assert from "node:assert/strict"
import { Effect, Equal, Layer } from "effect"
import { CheckpointStore, Device, Logger, Observer, Program } from "regimen"
import line from "./line.ts"

/** A world in memory: each call makes one, with a store of its own. */
const world = () => Layer.mergeAll(Device.wasm, CheckpointStore.memory, Logger.none)

const whole = Program.run(line).pipe(Effect.provide(world(), { local: true }))

/** Stops at step 25, as Ctrl-C would, and starts again: the store has what was saved on the way out. */
const parts = Effect.gen(function* () {
  const stop = Observer.make({ StepEnded: ({ state }) => (state.step === 25 ? Effect.interrupt : Effect.succeed([])) })
  yield* Effect.exit(Program.run(line, {}, { observe: stop }))
  return yield* Program.run(line)
}).pipe(Effect.provide(world(), { local: true }))

const check = Effect.gen(function* () {
  const [one, other] = [yield* whole, yield* parts]
  assert.ok(Equal.equals(one.weights, other.weights))
  assert.ok(Equal.equals(one.state, other.state))
  return `Both ended at step ${other.state.step} with the same weights.`
})
console.log(await Effect.runPromise(check))
