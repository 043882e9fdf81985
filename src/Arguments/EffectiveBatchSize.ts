/** Batch sizes of training and evaluation: the deprecated `per_gpu_*` arguments take precedence, as in `TrainingArguments`. */
import type { Arguments } from "./ArgumentsValues.ts"

export const trainBatchSize = (args: Arguments): number => args.perGpuTrainBatchSize ?? args.perDeviceTrainBatchSize
export const evalBatchSize = (args: Arguments): number => args.perGpuEvalBatchSize ?? args.perDeviceEvalBatchSize
