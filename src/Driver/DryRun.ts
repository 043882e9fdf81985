/** Finds before step 0 what would fail later: tries data, model, device, metrics and plan on one batch each. */
import { Effect } from "effect"
import { evaluate } from "../Evaluation/Evaluation.ts"
import * as KernelCheck from "../Layer/Device/KernelCheck.ts"
import * as Checks from "../Model/Checks.ts"
import type * as Plan from "../Schedule/Plan.ts"
import type { TrainerState } from "../TrainerState.ts"
import { InvalidTask } from "./Errors.ts"
import type { TrainingTask } from "./TrainingTask.ts"
import type { TrainingWeights } from "./TrainingWeights.ts"

/**
 * Tries one update, which is thrown away, and the first batch of every evaluation set; the training batch must have the fields that are `counted`. Then the
 * number of classes is known, and the labels of all rows in memory are checked.
 *
 * **Errors**: whatever the run would have met later.
 */
export const dryRun = Effect.fnUntraced(function* (
  task: TrainingTask,
  plan: Plan.Plan,
  state: TrainerState,
  weights: TrainingWeights,
  counted: ReadonlyArray<string>
) {
  const { maxSteps, accumulation } = plan.horizon
  if (!(maxSteps >= 0))
    return yield* new InvalidTask({ reason: `The plan's maxSteps is ${maxSteps}; it must be a number of updates.` })
  if (!(Number.isInteger(accumulation) && accumulation > 0)) {
    return yield* new InvalidTask({
      reason: `The plan accumulates ${accumulation} micro-batches; it must be a whole number from 1 on.`
    })
  }
  if (state.step < maxSteps) {
    const batch = yield* task.train.batch(state.position.epoch, 0)
    if (batch === undefined)
      return yield* new InvalidTask({
        reason: "The training data has no batch. Check that it is not empty, or lower the batch size."
      })
    const absent = counted.find((field) => !(field in batch.tensors))
    if (absent !== undefined)
      return yield* new InvalidTask({
        reason: `Input tokens are to be counted, and the batch has no ${absent} (it has ${Object.keys(batch.tensors).join(", ")}). Give the model a mainInput, or leave include_num_input_tokens_seen and include_tokens_per_second out.`
      })
    const ranges = yield* weights.dryRun(batch)
    for (const { checkRows } of [task.train, ...Object.values(task.evaluation)])
      for (const range of ranges) yield* checkRows?.(range.field, Checks.labels(range)) ?? Effect.void
  }
  const names = new Set<string>()
  for (const set of plan.sets) {
    const loader = task.evaluation[set]
    if (loader === undefined) {
      const known = Object.keys(task.evaluation).join(", ") || "none"
      return yield* new InvalidTask({
        reason: `The plan evaluates "${set}", which is no evaluation set of the task (there: ${known}).`
      })
    }
    const first = {
      ...loader,
      batch: (epoch: number, index: number) => (index === 0 ? loader.batch(epoch, 0) : Effect.undefined)
    }
    const { metrics } = yield* evaluate({ ...task, weights: yield* weights.weights, loader: first, set })
    if (Object.keys(metrics).length === 0) {
      return yield* new InvalidTask({
        reason: `Evaluation set "${set}" gives no metric: it has no batch, or its batches have neither labels nor metrics.`
      })
    }
    for (const name of Object.keys(metrics)) names.add(name)
  }
  for (const name of plan.sets.length === 0 ? [] : plan.watches) {
    if (!names.has(name)) {
      return yield* new InvalidTask({
        reason: `The plan decides by the metric "${name}", which no evaluation gives. There are: ${[...names].join(", ")}.`
      })
    }
  }
}, KernelCheck.explain("The dry run of step 1"))
