/** Values derived from several arguments: the effective batch sizes and evaluation interval, and the metric that selects the best model. */
import type { Arguments } from "./ArgumentsValues.ts"

/** The batch size of training: the deprecated `per_gpu_train_batch_size` takes precedence, as in `TrainingArguments`. */
export const trainBatchSize = (args: Arguments): number => args.perGpuTrainBatchSize ?? args.perDeviceTrainBatchSize

/** The batch size of evaluation: the deprecated `per_gpu_eval_batch_size` takes precedence. */
export const evalBatchSize = (args: Arguments): number => args.perGpuEvalBatchSize ?? args.perDeviceEvalBatchSize

/** The evaluation interval as given, in updates or as a fraction of the run; `logging_steps` if it is omitted and the strategy is "steps". */
export const evalSteps = (args: Arguments): number | null =>
  args.evalSteps || (args.evalStrategy === "steps" ? args.loggingSteps : args.evalSteps)

/** Gives the metric that selects the best model, with its `eval_` prefix, and its direction; null if no argument requires one. */
export const goal = (args: Arguments): { readonly metric: string; readonly mode: "min" | "max" } | null => {
  const asked = args.loadBestModelAtEnd || args.lrSchedulerType === "reduce_lr_on_plateau"
  const metric = args.metricForBestModel ?? (asked ? "loss" : null)
  if (metric === null) return null
  const greater = args.greaterIsBetter ?? !metric.endsWith("loss")
  return { metric: metric.startsWith("eval_") ? metric : `eval_${metric}`, mode: greater ? "max" : "min" }
}
