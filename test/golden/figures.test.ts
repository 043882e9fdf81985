/** What a run logs of the tokens it reads, of its cost and of its memory, against metrics_naming.json. */
import { readFileSync } from "node:fs"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Batch, Loader } from "../../src/Data/Loader.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as MemoryUsage from "../../src/Layer/MemoryUsage.ts"
import * as FloatingPointOps from "../../src/Model/FloatingPointOps.ts"
import type { Model } from "../../src/Model/Model.ts"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import * as Plan from "../../src/Schedule/Plan.ts"
import * as Trigger from "../../src/Schedule/Trigger.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import * as MemoryReport from "../../src/Driver/MemoryReport.ts"
import type { Options } from "../../src/Driver/Run.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Tiny from "../support/tiny.ts"

type Entry = Readonly<Record<string, number>>
type History = { readonly log_history: ReadonlyArray<Entry> }
const golden = JSON.parse(readFileSync(new URL("metrics_naming.json", import.meta.url), "utf8")) as {
  readonly tokens_seen: History
  readonly tokens_seen_non_padding: History
  readonly memory: { readonly train: Entry }
  readonly flos: { readonly parameters_without_embeddings: number }
}

/** The recorded run's ten rows: two batches of four rows and twelve tokens, and one of two and six; 13 tokens are padding. */
const sizes = [
  { rows: 4, length: 12, padding: 7 },
  { rows: 4, length: 12, padding: 5 },
  { rows: 2, length: 6, padding: 1 }
]
const batch = ({ rows, length, padding }: (typeof sizes)[number], masked: boolean): Batch => {
  const data = Int32Array.from({ length: rows * length }, (_, i) => (i < padding ? 0 : 1))
  const ids: HostTensor.HostTensor = { dtype: "int32", shape: [rows, length], data }
  return { rows, tensors: masked ? { input_ids: { ...ids, data: data.map(() => 3) }, attention_mask: ids } : { input_ids: ids } }
}
const loader = (masked: boolean): Loader => ({
  batchesPerEpoch: 3,
  size: 10,
  batch: (_, index) => Effect.succeed(index < 3 ? batch(sizes[index]!, masked) : undefined)
})
const model: Model = {
  padTokenId: 0,
  floatingPointOps: FloatingPointOps.estimate(
    { w: { shape: [golden.flos.parameters_without_embeddings] } },
    { embedding: () => false }
  ),
  init: () => ({ w: HostTensor.scalar(1) }),
  apply: ({ w }) => ({ loss: { sum: tf.square(w!), count: tf.scalar(1) }, outputs: {} })
}
const plan = Plan.make({
  horizon: Horizon.make({ epochs: 1, batchesPerEpoch: 3 }),
  learningRate: () => 0.1,
  log: Trigger.every(2),
  save: Trigger.every(3)
})

const run = Effect.fnUntraced(function* (options: Options, { evaluates = false, masked = true, of = model } = {}) {
  const store = Tiny.store()
  const evaluation = evaluates ? { evaluation: loader(masked) } : {}
  const task = Trainer.task({ model: of, train: loader(masked), ...evaluation })
  const evaluated = evaluates ? { evaluate: Trigger.every(3), sets: ["eval"] } : {}
  const { history, state } = yield* Trainer.train(task, { ...plan, ...evaluated }, options).pipe(
    Effect.provide(Tiny.layers({ store: store.layer }))
  )
  return { history, state, saved: store.kept.get(3)!.state }
})
const flat = ({ values, clock, epoch, step }: Scalars): Entry => ({ ...values, ...clock, epoch, step })
const exact = ({ num_input_tokens_seen, total_flos, epoch, step }: Entry) => ({ num_input_tokens_seen, total_flos, epoch, step })
const names = (entry: Entry) =>
  Object.keys(entry)
    .filter((name) => name !== "eval_accuracy")
    .sort()

it.live("counts all tokens, in every log and with their speed", () =>
  Effect.gen(function* () {
    const { history, saved } = yield* run({ inputTokens: "all", tokensPerSecond: true }, { evaluates: true })
    const recorded = golden.tokens_seen.log_history
    expect(history.map(flat).map(names)).toEqual(recorded.map(names))
    expect(history.map(flat).map(exact)).toEqual(recorded.map(exact))
    expect([saved.inputTokens, saved.flos]).toEqual([recorded[1]!.num_input_tokens_seen, recorded[2]!.total_flos])
    // a decision reads metrics, and tokens are none
    expect(Object.keys(saved.evaluations!.last.metrics)).toEqual(["eval_loss"])
  })
)

it.live("counts tokens other than padding, by the mask or the padding id", () =>
  Effect.gen(function* () {
    const recorded = golden.tokens_seen_non_padding.log_history
    for (const masked of [true, false]) {
      const { history } = yield* run({ inputTokens: "non_padding" }, { masked })
      expect(history.map(flat).map(names)).toEqual(recorded.map(names))
      expect(history.map(flat).map(exact)).toEqual(recorded.map(exact))
    }
  })
)

it.live("counts no tokens unless requested", () =>
  Effect.gen(function* () {
    const { history, state } = yield* run({})
    expect(history.flatMap((entry) => Object.keys(flat(entry))).filter((name) => name.includes("tokens"))).toEqual([])
    expect(state.inputTokens).toBe(0)
  })
)

it.live("refuses a missing main input before step 0", () =>
  Effect.gen(function* () {
    for (const options of [{ inputTokens: "all" }, { tokensPerSecond: true }] as const) {
      const error = yield* Effect.flip(run(options, { of: { ...model, mainInput: "pixel_values" } }))
      expect(error.message).toMatch(/the batch has no pixel_values \(it has input_ids, attention_mask\)/)
    }
  })
)

it.live("reports the memory of creating the Trainer and of training", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryReport.make
    const { history } = yield* run({ memory })
    const summary = flat(history.at(-1)!)
    expect(names(summary)).toEqual([...names(golden.memory.train), "step"].sort())
    expect([summary.init_mem_cpu_alloc_delta, summary.train_mem_cpu_peaked_delta]).toEqual([10, 40])
  }).pipe(
    Effect.provide(
      MemoryUsage.test([
        { begin: 1000, end: 1010, peak: 1015 },
        { begin: 1010, end: 1000, peak: 1040 }
      ])
    )
  )
)
