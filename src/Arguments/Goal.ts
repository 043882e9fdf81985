/** What decides which weights are best. */
import type { Arguments } from "./Fields.ts"

/** The metric that decides what is best, under its full name; null where nothing asks. */
export const goal = (args: Arguments): { readonly metric: string; readonly mode: "min" | "max" } | null => {
  const asked = args.loadBestModelAtEnd || args.lrSchedulerType === "reduce_lr_on_plateau"
  const metric = args.metricForBestModel ?? (asked ? "loss" : null)
  if (metric === null) return null
  const greater = args.greaterIsBetter ?? !metric.endsWith("loss")
  return { metric: metric.startsWith("eval_") ? metric : `eval_${metric}`, mode: greater ? "max" : "min" }
}
