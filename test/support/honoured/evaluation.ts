/** Of the arguments of an evaluation: for each, two values, and what of the run they change. */
import type * as Arguments from "../../../src/Arguments/Arguments.ts"

type Input = Arguments.Input

/** By argument: one value, another, and what of the run they change. */
export const cases: ReadonlyArray<
  readonly [name: string, one: Input, other: Input, changes: ReadonlyArray<"given" | "logs" | "device">]
> = [
  ["eval_accumulation_steps", {}, { evalAccumulationSteps: 1 }, ["device"]],
  ["eval_do_concat_batches", {}, { evalDoConcatBatches: false }, ["given"]],
  ["batch_eval_metrics", {}, { batchEvalMetrics: true }, ["given", "logs", "device"]],
  ["include_for_metrics", { includeForMetrics: ["inputs"] }, { includeForMetrics: ["loss"] }, ["given"]],
  ["include_inputs_for_metrics", {}, { includeInputsForMetrics: true }, ["given"]],
  ["prediction_loss_only", {}, { predictionLossOnly: true }, ["given", "logs", "device"]],
  ["jit_mode_eval", {}, { jitModeEval: true }, ["device"]],
  ["label_names", {}, { labelNames: ["x"] }, ["given"]]
]
