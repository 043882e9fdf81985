/** A stream that fails while it is read, and is retried, gives the weights, the state and the log of one that does not. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, References, Schema, Stream } from "effect"
import fc from "fast-check"
import { DataError } from "../../src/Data/Dataset.ts"
import * as Streaming from "../../src/Data/Streaming.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as Program from "../../src/Program/Program.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { TrainerState } from "../../src/TrainerState.ts"
import * as Tiny from "../support/tiny.ts"

const size = 12

const given = fc.record({
  /** Rows after which each attempt's stream fails, counted over the whole attempt. */
  failures: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
  accumulation: fc.integer({ min: 1, max: 3 }),
  chunk: fc.integer({ min: 1, max: 7 }),
  buffer: fc.option(fc.integer({ min: 1, max: 9 })),
  workers: fc.nat(1)
})

/** Rows in chunks. The n-th attempt fails after `failures[n]` rows; later ones do not fail. */
const failing = (chunk: number, failures: ReadonlyArray<number>, attempt: { number: number; read: number }) => () =>
  Stream.fromIterable(Tiny.rows(size)).pipe(
    Stream.mapEffect((row) =>
      Effect.suspend(() => {
        const failed = failures[attempt.number] !== undefined && attempt.read >= failures[attempt.number]!
        if (failed) return Effect.fail(new DataError({ row: null, column: null, reason: "the connection was lost" }))
        attempt.read++
        return Effect.succeed(row)
      })
    ),
    Stream.rechunk(chunk)
  )

const canonical = (history: ReadonlyArray<Scalars>) =>
  history.map(({ kind, set, step, epoch, values }) => ({ kind, set, step, epoch, values }))
const encode = Schema.encodeSync(TrainerState)

it.effect(
  "a run whose stream fails at any row and is retried equals one whose stream does not fail",
  () =>
    Effect.gen(function* () {
      const before = tf.memory().numTensors
      let failed = 0
      for (const { accumulation, batchSize, buffer, chunk, failures, workers } of fc.sample(given, { numRuns: 80, seed: 5 })) {
        const run = Effect.fnUntraced(function* (failures: ReadonlyArray<number>) {
          const attempt = { number: 0, read: 0 }
          const rows = failing(chunk, failures, attempt)
          const program = Program.make({
            model: { ...Tiny.model, inputs: ["x"], labels: ["labels"] },
            dataCollator: Tiny.collate,
            trainDataset: buffer === null ? rows : Streaming.shuffle(rows, { buffer, seed: 1 })
          })
          const args = {
            maxSteps: 5,
            perDeviceTrainBatchSize: batchSize,
            gradientAccumulationSteps: accumulation,
            loggingSteps: 1,
            saveSteps: 2,
            learningRate: 0.05,
            dataloaderNumWorkers: workers
          }
          const once = Effect.tapError(Program.run(program, args), () =>
            Effect.sync(() => {
              failed++
              Object.assign(attempt, { number: attempt.number + 1, read: 0 })
            })
          )
          const layers = Layer.mergeAll(Cpu.layer, Tiny.store().layer, Tiny.logger())
          return yield* Effect.retry(once, { times: failures.length }).pipe(Effect.provide(layers, { local: true }))
        })
        const [whole, retried] = [yield* run([]), yield* run(failures)]
        const context = JSON.stringify({ accumulation, batchSize, buffer, chunk, failures, workers })
        expect(encode(retried.state), context).toEqual(encode(whole.state))
        expect(Equal.equals(retried.weights, whole.weights), context).toBe(true)
        expect(canonical(retried.history), context).toEqual(canonical(whole.history))
      }
      expect(failed).toBeGreaterThan(80)
      expect(tf.memory().numTensors).toBe(before)
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None"), Effect.provide(Cpu.layer)),
  60_000
)
