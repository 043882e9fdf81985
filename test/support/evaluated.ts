/** An evaluation of three rows in batches of two, and what its `computeMetrics` saw. */
import { it as test } from "@effect/vitest"
import { Effect } from "effect"
import type { CollectOptions } from "../../src/Evaluation/CollectOptions.ts"
import type { EvalPrediction } from "../../src/Evaluation/EvalPrediction.ts"
import * as Evaluation from "../../src/Evaluation/Evaluation.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Device } from "../../src/Layer/Device/Device.ts"
import * as Scoring from "./scoring.ts"

export const rows = Scoring.rows(3)
export const scores = [0.75, 6.75, 12.75]
export const labels = [0, 2, 4]

export const seen = Effect.fnUntraced(function* (collect: CollectOptions, options: Partial<Evaluation.Options> = {}) {
  const given: Array<EvalPrediction & { readonly computeResult: boolean }> = []
  const result = yield* Evaluation.evaluate({
    model: Scoring.single,
    weights: yield* Scoring.weights,
    loader: Scoring.loader(rows, 2),
    metrics: Scoring.metrics,
    set: "eval",
    ...options,
    collect: {
      computeMetrics: (prediction, { computeResult }) => {
        given.push({ ...prediction, computeResult })
        return { n: given.length }
      },
      ...collect
    }
  })
  return { given, result }
}, Effect.scoped)

/** A prediction as plain arrays. */
export const plain = (prediction: object) =>
  Object.fromEntries(
    Object.entries(prediction).map(([name, value]) => [name, typeof value === "boolean" ? value : Scoring.plain(value)])
  )

/** A test on the cpu device. */
export const it = (name: string, run: () => Effect.Effect<void, unknown, Device>) =>
  test.effect(name, () => run().pipe(Effect.provide(Cpu.layer)))
