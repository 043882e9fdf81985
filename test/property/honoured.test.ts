/** Parsing is no proof: for each argument that a run honours, two values that make it do something else, seen from outside. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Seq2SeqArguments from "../../src/Arguments/Seq2SeqArguments.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import type { Entry } from "../../src/Layer/Logger/Logger.ts"
import type { Model } from "../../src/Model/Model.ts"
import * as Program from "../../src/Trainer/Program.ts"
import { small } from "../support/smallDevice.ts"
import * as Tiny from "../support/tiny.ts"

type Input = Seq2SeqArguments.Input

/** Rows with more columns than the model takes. */
const rows = (count: number) => Tiny.rows(count).map((row, i) => ({ ...row, length: (3 * i) % 5, size: (2 * i) % 7 }))

/** The tiny model, whose input counts as embedded. */
const model: Model = {
  ...Tiny.model,
  apply: (parameters, { x, ...batch }, context) =>
    Tiny.model.apply(parameters, { ...batch, x: context.perturb?.(x!) ?? x! }, context)
}

/** What is seen of a run: the rows of its batches in order, what it logs, what it saves and removes, and its weights. */
const seen = Effect.fnUntraced(function* (args: Input) {
  const batches: Array<string> = []
  const entries: Array<Entry> = []
  const store = Tiny.store()
  const program = Program.make({
    model: { ...model, inputs: ["x"], labels: ["labels"], mainInput: "x" },
    collate: (rows, ...more) => {
      batches.push(JSON.stringify(rows))
      return Tiny.collate(rows, ...more)
    },
    trainDataset: Dataset.fromArray(rows(7)),
    evalDataset: Dataset.fromArray(rows(5))
  })
  const usual = {
    maxSteps: 6,
    perDeviceTrainBatchSize: 2,
    learningRate: 0.05,
    loggingSteps: 2,
    saveSteps: 3,
    logLevel: "error"
  } as const
  const checked = yield* Effect.fromResult(Seq2SeqArguments.make({ ...usual, ...args }))
  const world = Layer.mergeAll(small(6), store.layer, Tiny.logger(entries))
  const trained = Effect.scoped(Effect.flatMap(program.prepare(checked), Program.train)).pipe(
    Effect.provide(world, { local: true })
  )
  const outcome = yield* Effect.catchTag(trained, ["DeviceError", "NonFiniteTensor"], ({ message }) => Effect.succeed(message))
  if (typeof outcome === "string") return outcome
  const { state, weights } = outcome
  const logs = entries.flatMap((entry) =>
    entry._tag === "Scalars" && entry.kind !== "summary" ? [[entry.step, entry.epoch, entry.values]] : []
  )
  const measured = entries.flatMap((entry) => (entry._tag === "Scalars" ? Object.keys(entry.clock) : []))
  return JSON.stringify({
    batches,
    logs,
    measured,
    done: store.done,
    alone: [...store.kept.values()].map(({ modelOnly }) => modelOnly),
    best: state.bestCheckpoint,
    weights
  })
})

const steps = { evalStrategy: "steps", evalSteps: 1, saveSteps: 1 } as const
const low = { optim: "galore_adamw", optimTargetModules: ["lin"] } as const
const best = { ...steps, saveSteps: 1, learningRate: 0.9, maxSteps: 6 } as const

/** By argument: one value, another, and what both have. */
const cases: ReadonlyArray<readonly [name: string, one: Input, other: Input, both?: Input]> = [
  ["seed", { seed: 1 }, { seed: 2 }],
  ["data_seed", { dataSeed: 1 }, { dataSeed: 2 }],
  ["per_device_train_batch_size", {}, { perDeviceTrainBatchSize: 3 }],
  ["per_gpu_train_batch_size", {}, { perGpuTrainBatchSize: 3 }],
  ["per_device_eval_batch_size", {}, { perDeviceEvalBatchSize: 2 }, steps],
  ["per_gpu_eval_batch_size", {}, { perGpuEvalBatchSize: 2 }, steps],
  ["gradient_accumulation_steps", {}, { gradientAccumulationSteps: 2 }],
  ["num_train_epochs", { numTrainEpochs: 1 }, { numTrainEpochs: 1.5 }, { maxSteps: -1 }],
  ["max_steps", {}, { maxSteps: 5 }],
  ["learning_rate", {}, { learningRate: 0.04 }],
  ["lr_scheduler_type", {}, { lrSchedulerType: "constant" }],
  ["lr_scheduler_kwargs", {}, { lrSchedulerKwargs: { num_cycles: 2 } }, { lrSchedulerType: "cosine" }],
  ["warmup_ratio", {}, { warmupRatio: 0.5 }],
  ["warmup_steps", {}, { warmupSteps: 2 }],
  ["optim", {}, { optim: "lion_32bit" }],
  ["adafactor", {}, { adafactor: true }],
  ["optim_args", {}, { optimArgs: "rank=1, scale=3" }, low],
  ["optim_target_modules", {}, { optimTargetModules: ["elsewhere"] }, { ...low, optimArgs: "rank=1, scale=3" }],
  ["weight_decay", {}, { weightDecay: 0.5 }],
  ["adam_beta1", {}, { adamBeta1: 0.5 }],
  ["adam_beta2", {}, { adamBeta2: 0.5 }],
  ["adam_epsilon", {}, { adamEpsilon: 0.5 }],
  ["neftune_noise_alpha", { neftuneNoiseAlpha: 1 }, { neftuneNoiseAlpha: 2 }],
  ["max_grad_norm", {}, { maxGradNorm: 0.01 }, { optim: "sgd" }],
  ["dataloader_drop_last", {}, { dataloaderDropLast: true }, { perDeviceEvalBatchSize: 5 }],
  ["dataloader_num_workers", {}, { dataloaderNumWorkers: 1 }],
  ["dataloader_prefetch_factor", {}, { dataloaderPrefetchFactor: 1 }, { dataloaderNumWorkers: 1 }],
  ["remove_unused_columns", {}, { removeUnusedColumns: false }],
  ["group_by_length", {}, { groupByLength: true }],
  ["length_column_name", {}, { lengthColumnName: "size" }, { groupByLength: true }],
  ["sortish_sampler", {}, { sortishSampler: true }],
  ["auto_find_batch_size", {}, { autoFindBatchSize: true }, { perDeviceTrainBatchSize: 7 }],
  ["eval_strategy", {}, { evalStrategy: "epoch" }],
  ["eval_steps", {}, { evalSteps: 2 }, { evalStrategy: "steps", evalSteps: 3 }],
  ["eval_delay", {}, { evalDelay: 3 }, steps],
  ["eval_on_start", {}, { evalOnStart: true }],
  ["load_best_model_at_end", {}, { loadBestModelAtEnd: true }, best],
  ["metric_for_best_model", {}, { metricForBestModel: "loss" }, best],
  ["greater_is_better", {}, { greaterIsBetter: true }, { ...best, metricForBestModel: "loss" }],
  ["logging_strategy", {}, { loggingStrategy: "epoch" }],
  ["logging_steps", {}, { loggingSteps: 3 }],
  ["logging_first_step", {}, { loggingFirstStep: true }],
  ["logging_nan_inf_filter", {}, { loggingNanInfFilter: false }, { learningRate: 1e38 }],
  ["include_tokens_per_second", {}, { includeTokensPerSecond: true }],
  ["include_num_input_tokens_seen", {}, { includeNumInputTokensSeen: true }],
  ["skip_memory_metrics", {}, { skipMemoryMetrics: false }],
  ["save_strategy", {}, { saveStrategy: "epoch" }],
  ["save_steps", {}, { saveSteps: 2 }],
  ["save_total_limit", {}, { saveTotalLimit: 1 }],
  ["save_only_model", {}, { saveOnlyModel: true }],
  ["debug", {}, { debug: ["underflow_overflow"] }, { learningRate: 1e38 }]
]

it.live.each(cases)("%s", ([, one, other, both = {}]) =>
  Effect.gen(function* () {
    const first = yield* seen({ ...both, ...one })
    expect(yield* seen({ ...both, ...one })).toBe(first)
    expect(yield* seen({ ...both, ...other })).not.toBe(first)
  })
)
