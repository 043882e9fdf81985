import { readFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { describe, expect, test } from "vitest"
import * as Collator from "../../src/Data/Collator.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Loader from "../../src/Data/Loader.ts"
import * as Sampler from "../../src/Data/Sampler.ts"

const Cadence = Schema.Struct({
  configs: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      args: Schema.Record(Schema.String, Schema.Unknown),
      train_size: Schema.NullOr(Schema.Number),
      resumed_from: Schema.optionalKey(Schema.Unknown),
      uninterrupted_sample_order: Schema.optionalKey(Schema.Array(Schema.Number)),
      sample_order_read_after_resume: Schema.optionalKey(Schema.Array(Schema.Number))
    })
  )
})

const cadence = Schema.decodeUnknownSync(Cadence)(JSON.parse(readFileSync(new URL("./cadence.json", import.meta.url), "utf8")))
const resumed = cadence.configs.filter((config) => config.uninterrupted_sample_order !== undefined)

/** The rows that a run reads from a cursor to the end of its epochs. */
const read = (size: number, batchSize: number, from: { epoch: number; batch: number }, epochs: number) =>
  Effect.gen(function* () {
    const dataset = Dataset.make({ size, at: (x) => ({ x }) })
    const sampler = Sampler.random({ seed: 1234 })
    const loader = yield* Loader.make({ dataset, batchSize, sampler, collate: Collator.stack() })
    const order: Array<number> = []
    for (let { epoch, batch } = from; epoch < epochs; epoch++, batch = 0) {
      for (; batch < loader.batchesPerEpoch; batch++) order.push(...((yield* loader.batch(epoch, batch))?.indices ?? []))
    }
    return order
  })

describe("the order of rows equals the Trainer's", () => {
  test("has four recorded runs", () => expect(resumed.length).toBe(4))

  test.each(resumed.map((config) => [config.name, config] as const))("%s", async (_, config) => {
    const size = config.train_size ?? 0
    const batchSize = Number(config.args.per_device_train_batch_size)
    const whole = config.uninterrupted_sample_order ?? []
    const after = config.sample_order_read_after_resume ?? []
    const epochs = Number(config.args.num_train_epochs)
    expect(await Effect.runPromise(read(size, batchSize, { epoch: 0, batch: 0 }, epochs))).toEqual(whole)

    // With ignore_data_skip the Trainer begins the epoch again and stops after the remaining steps; the others go on where they were.
    const again = config.args.ignore_data_skip === true
    const skipped = again ? 0 : whole.length - after.length
    const from = { epoch: Math.floor(skipped / size), batch: (skipped % size) / batchSize }
    const rest = await Effect.runPromise(read(size, batchSize, from, epochs))
    expect(again ? rest.slice(0, after.length) : rest).toEqual(after)
  })
})
