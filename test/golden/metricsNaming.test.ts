/** What a Trainer's methods give and log, by name, against metrics_naming.json; values where they do not hang on the recorded weights. */
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { vi } from "vitest"
import type { Input } from "../../src/Arguments/Arguments.ts"
import * as MemoryStore from "../../src/Checkpoint/MemoryStore.ts"
import type { Collator } from "../../src/Data/Collator.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Tiny from "../support/tiny.ts"

type Entry = Readonly<Record<string, number>>
type History = ReadonlyArray<Entry>
interface Golden {
  readonly train_metrics: Entry
  readonly log_history: History
  readonly evaluate: Entry
  readonly evaluate_prefix_test: Entry
  readonly predict: {
    readonly metrics: Entry
    readonly predictions_shape: ReadonlyArray<number>
    readonly label_ids_shape: ReadonlyArray<number>
  }
  readonly predict_without_labels: { readonly metrics: Entry }
  readonly evaluate_before_train: Entry
  readonly evaluate_without_compute_metrics: Entry
  readonly memory: Readonly<Record<"train" | "evaluate" | "predict", Entry>>
  readonly two_eval_sets: { readonly evaluate: Entry; readonly log_history: History }
  readonly tokens_seen: { readonly train: Entry; readonly log_history: History }
  readonly tokens_seen_non_padding: { readonly log_history: History }
  readonly log_metrics_stdout: ReadonlyArray<string>
  readonly save_metrics_files: Readonly<Record<string, Entry>>
  readonly flos: Readonly<Record<"value" | "parameters" | "parameters_without_embeddings", number>> & {
    readonly batch: ReadonlyArray<number>
  }
}
const golden: Golden = JSON.parse(readFileSync(new URL("metrics_naming.json", import.meta.url), "utf8"))

/** As large as the recorded model. */
const model = Result.getOrThrow(
  Transformers.make(
    {
      vocab_size: 100,
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 32,
      num_labels: 3,
      pad_token_id: 0
    },
    "BertForSequenceClassification"
  )
)

interface Row {
  readonly label?: number
}
const dataset = (rows: number, labelled = true) =>
  Dataset.fromArray(Array.from({ length: rows }, (_, i): Row => (labelled ? { label: i % 3 } : {})))

/** As many tokens as were recorded: a batch of four has twelve and six of padding, the last of training, of two, six and one. */
const collate: Collator<Row> = (rows) => {
  const [length, padding] = rows.length === 4 ? [12, 6] : [6, 1]
  const mask = Array.from(rows, (_, row) => Array.from({ length }, (_, i): number => (row === 0 && i >= length - padding ? 0 : 1)))
  const labels = rows.flatMap(({ label }) => label ?? [])
  return Effect.succeed({
    input_ids: HostTensor.fromArray(
      mask.map((line) => line.map((one) => one * 7)),
      "int32"
    ),
    attention_mask: HostTensor.fromArray(mask, "int32"),
    ...(labels.length === 0 ? {} : { labels: HostTensor.fromArray(labels, "int32") })
  })
}

const make = (args: Input = {}, sets: "one" | "two" | "unmeasured" = "one") =>
  Trainer.make({
    model,
    args: {
      outputDir: mkdtempSync(join(tmpdir(), "regimen-")),
      numTrainEpochs: 1,
      perDeviceTrainBatchSize: 4,
      perDeviceEvalBatchSize: 4,
      loggingSteps: 2,
      saveStrategy: "no",
      disableTqdm: true,
      logLevel: "error",
      ...args
    },
    dataCollator: collate,
    trainDataset: dataset(10),
    evalDataset: sets === "two" ? { first: dataset(5), second: dataset(6) } : dataset(7),
    ...(sets === "unmeasured" ? {} : { computeMetrics: () => ({ accuracy: 0.5 }) })
  })

const here = <A, E>(effect: Effect.Effect<A, E, Trainer.Services>) =>
  effect.pipe(Effect.provide(Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(), NodeServices.layer), { local: true }))

const names = (entry: object) => Object.keys(entry).sort()
const flat = ({ clock, epoch, step, values }: Scalars): Entry => ({ ...values, ...clock, epoch, step })
/** What is known without the recorded weights. */
const known = ({ epoch, learning_rate, num_input_tokens_seen, step, total_flos }: Entry) => ({
  ...{ epoch, learning_rate, num_input_tokens_seen, step, total_flos }
})
const like = (found: Entry, recorded: Entry) => {
  expect(names(found)).toEqual(names(recorded))
  expect(known(found)).toEqual(known(recorded))
}
const alike = (found: ReadonlyArray<Scalars>, recorded: History) => {
  expect(found).toHaveLength(recorded.length)
  for (const [i, entry] of found.entries()) like(flat(entry), recorded[i]!)
}

it("has the floating-point operations of the recorded model", () => {
  const { batch, parameters, parameters_without_embeddings, value } = golden.flos
  const sizes = Object.values(model.blueprint).map(({ shape, table }) => [shape.reduce((a, b) => a * b, 1), table] as const)
  const count = (of: typeof sizes) => of.reduce((sum, [size]) => sum + size, 0)
  expect(count(sizes)).toBe(parameters)
  expect(count(sizes.filter(([, table]) => table === undefined))).toBe(parameters_without_embeddings)
  expect(model.floatingPointOps!({ input_ids: { shape: batch } })).toBe(value)
  expect(model.padTokenId).toBe(0)
})

it.live("names the metrics of train, of evaluate with both prefixes, and of predict", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* make()
      like((yield* trainer.train()).metrics, golden.train_metrics)
      like(yield* trainer.evaluate(), golden.evaluate)
      like(yield* trainer.evaluate({ metricKeyPrefix: "test" }), golden.evaluate_prefix_test)
      alike(yield* trainer.logHistory, golden.log_history)
      const { labelIds, metrics, predictions } = yield* trainer.predict(dataset(7))
      like(metrics, golden.predict.metrics)
      const shapes = [predictions, labelIds].map((gathered) => (gathered as HostTensor.HostTensor).shape)
      expect(shapes).toEqual([golden.predict.predictions_shape, golden.predict.label_ids_shape])
      const bare = yield* trainer.predict(dataset(7, false))
      like(bare.metrics, golden.predict_without_labels.metrics)
      expect(bare.labelIds).toBe(undefined)
    })
  )
)

it.live("names the metrics of evaluate before any training, without custom metrics", () =>
  here(
    Effect.gen(function* () {
      like(yield* (yield* make()).evaluate(), golden.evaluate_before_train)
      like(yield* (yield* make({}, "unmeasured")).evaluate(), golden.evaluate_without_compute_metrics)
    })
  )
)

it.live("names the metrics of two evaluation sets", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* make({ evalStrategy: "epoch" }, "two")
      yield* trainer.train()
      like(yield* trainer.evaluate(), golden.two_eval_sets.evaluate)
      alike(yield* trainer.logHistory, golden.two_eval_sets.log_history)
    })
  )
)

it.live("names the token counts and speeds", () =>
  here(
    Effect.gen(function* () {
      const all = yield* make({ includeNumInputTokensSeen: "all", includeTokensPerSecond: true, evalStrategy: "epoch" })
      like((yield* all.train()).metrics, golden.tokens_seen.train)
      alike(yield* all.logHistory, golden.tokens_seen.log_history)
      const some = yield* make({ includeNumInputTokensSeen: "non_padding" })
      yield* some.train()
      alike(yield* some.logHistory, golden.tokens_seen_non_padding.log_history)
    })
  )
)

it.live("reports the memory of creating the Trainer once, with the first stage; an evaluation during training is part of the training", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* make({ skipMemoryMetrics: false })
      const { metrics } = yield* trainer.train()
      like(metrics, golden.memory.train)
      const evaluated = yield* trainer.evaluate()
      like(evaluated, golden.memory.evaluate)
      like((yield* trainer.predict(dataset(5))).metrics, golden.memory.predict)
      expect(names(yield* trainer.evaluate({ metricKeyPrefix: "test" }))).toContain("eval_mem_cpu_alloc_delta")
      expect((yield* trainer.train()).metrics).not.toHaveProperty("init_mem_cpu_alloc_delta")

      yield* trainer.saveMetrics("train", metrics)
      yield* trainer.saveMetrics("eval", evaluated)
      for (const [file, recorded] of Object.entries(golden.save_metrics_files))
        like(JSON.parse(readFileSync(join(trainer.args.outputDir, file), "utf8")), recorded)
      const printed = vi.spyOn(console, "log").mockImplementation(() => {})
      yield* trainer.logMetrics("train", metrics)
      yield* trainer.logMetrics("eval", evaluated)
      const shown = printed.mock.calls.flatMap(([text]) => `${text}`.split("\n"))
      printed.mockRestore()
      const titles = (lines: ReadonlyArray<string>) => lines.map((line) => line.split("=")[0])
      expect(titles(shown)).toEqual(titles(golden.log_metrics_stdout.slice(0, -1)))

      const other = yield* make({ skipMemoryMetrics: false, evalStrategy: "epoch" })
      expect(names(yield* other.evaluate())).toContain("before_init_mem_cpu")
      const later = (yield* other.train()).metrics
      expect(names(later)).not.toContain("before_init_mem_cpu")
      expect(names(later).filter((name) => name.startsWith("eval_"))).toEqual([])
    })
  )
)
