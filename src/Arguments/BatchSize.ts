/** The rows of a micro-batch in training, and of a batch in evaluation: under their deprecated names where those are given. */
import type { Arguments } from "./Fields.ts"

export const trainBatchSize = (args: Arguments): number => args.perGpuTrainBatchSize ?? args.perDeviceTrainBatchSize
export const evalBatchSize = (args: Arguments): number => args.perGpuEvalBatchSize ?? args.perDeviceEvalBatchSize
