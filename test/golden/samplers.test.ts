import { readFileSync } from "node:fs"
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import * as Sampler from "../../src/Data/Samplers.ts"

const Numbers = Schema.Array(Schema.Number)
const Samplers = Schema.Struct({
  length_grouped: Schema.Array(
    Schema.Struct({
      lengths: Numbers,
      batch_size: Schema.Number,
      mega_batch_mult: Schema.NullOr(Schema.Number),
      randperm: Numbers,
      indices: Numbers
    })
  ),
  default_order: Schema.Array(
    Schema.Struct({
      seed: Schema.Number,
      data_seed: Schema.NullOr(Schema.Number),
      dataset_size: Schema.Number,
      order_by_epoch: Schema.Array(Numbers)
    })
  )
})
const golden = Schema.decodeUnknownSync(Samplers)(JSON.parse(readFileSync(new URL("./samplers.json", import.meta.url), "utf8")))

describe("samplers", () => {
  test("has the recorded cases", () => expect([golden.length_grouped.length, golden.default_order.length]).toEqual([6, 3]))

  test.each(golden.length_grouped.map((c) => [c.lengths.length, c.batch_size, c] as const))(
    "%i rows by length, batches of %i",
    (_rows, batchSize, { lengths, mega_batch_mult, randperm, indices }) => {
      const options = { lengths, batchSize, ...(mega_batch_mult === null ? {} : { batches: mega_batch_mult }) }
      expect([...Sampler.groupByLength(Int32Array.from(randperm), options)]).toEqual(indices)
    }
  )

  test.each(golden.default_order)("the default order of seed $seed and data_seed $data_seed", (recorded) => {
    const order = Sampler.random({ seed: recorded.data_seed ?? recorded.seed })
    for (const [epoch, indices] of recorded.order_by_epoch.entries())
      expect([...order(recorded.dataset_size, epoch)]).toEqual(indices)
  })
})
