/** The metric that selects the best model. */
import type { Arguments } from "./ArgumentsValues.ts"

/** Gives the metric that selects the best model, with its `eval_` prefix, and its direction; null if no argument requires one. */
export const goal = (args: Arguments): { readonly metric: string; readonly mode: "min" | "max" } | null => {
  const asked = args.loadBestModelAtEnd || args.lrSchedulerType === "reduce_lr_on_plateau"
  const metric = args.metricForBestModel ?? (asked ? "loss" : null)
  if (metric === null) return null
  const greater = args.greaterIsBetter ?? !metric.endsWith("loss")
  return { metric: metric.startsWith("eval_") ? metric : `eval_${metric}`, mode: greater ? "max" : "min" }
}
