/** Of the arguments of a training: for each, two values that make a run do something else. */
import type * as Seq2SeqArguments from "../../../src/Arguments/Seq2SeqArguments.ts"

type Input = Seq2SeqArguments.Input

const steps = { evalStrategy: "steps", evalSteps: 1, saveSteps: 1 } as const
const low = { optim: "galore_adamw", optimTargetModules: ["lin"] } as const
const best = { ...steps, saveSteps: 1, learningRate: 0.9, maxSteps: 6 } as const

/** By argument: one value, another, and what both have. */
export const cases: ReadonlyArray<readonly [name: string, one: Input, other: Input, both?: Input]> = [
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
  ["optim_target_modules", {}, { optimTargetModules: ["other"] }, { ...low, optimArgs: "rank=1, scale=3" }],
  ["weight_decay", {}, { weightDecay: 0.5 }],
  ["adam_beta1", {}, { adamBeta1: 0.5 }],
  ["adam_beta2", {}, { adamBeta2: 0.5 }],
  ["adam_epsilon", {}, { adamEpsilon: 0.5 }],
  ["neftune_noise_alpha", { neftuneNoiseAlpha: 1 }, { neftuneNoiseAlpha: 2 }],
  ["max_grad_norm", {}, { maxGradNorm: 0.01 }, { optim: "sgd" }],
  ["label_smoothing_factor", { labelSmoothingFactor: 0.1 }, { labelSmoothingFactor: 0.2 }],
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
  ["log_level", {}, { logLevel: "warning" }, { autoFindBatchSize: true, perDeviceTrainBatchSize: 7 }],
  ["include_tokens_per_second", {}, { includeTokensPerSecond: true }],
  ["include_num_input_tokens_seen", {}, { includeNumInputTokensSeen: true }],
  ["skip_memory_metrics", {}, { skipMemoryMetrics: false }],
  ["save_strategy", {}, { saveStrategy: "epoch" }],
  ["save_steps", {}, { saveSteps: 2 }],
  ["save_total_limit", {}, { saveTotalLimit: 1 }],
  ["save_only_model", {}, { saveOnlyModel: true }],
  ["debug", {}, { debug: ["underflow_overflow"] }, { learningRate: 1e38 }]
]
