import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import * as TrainerStateJson from "../../../src/Checkpoint/TrainerStateJson.ts"
import * as PythonJson from "../../../src/Format/PythonJson.ts"
import type { Scalars } from "../../../src/Layer/Logger/Logger.ts"
import { initial } from "../../../src/TrainerState.ts"

type File = Readonly<Record<string, unknown>>
const golden = JSON.parse(readFileSync(new URL("../../golden/torch_format.json", import.meta.url), "utf8")) as {
  readonly trainer_state_in_checkpoint: File & { readonly log_history: ReadonlyArray<Readonly<Record<string, number>>> }
}

const entry = (given: Partial<Scalars>): Scalars => ({
  _tag: "Scalars",
  run: "r",
  attempt: 1,
  step: 1,
  epoch: 0.5,
  kind: "train",
  values: {},
  clock: {},
  ...given
})

it("writes the recorded file", () => {
  const { log_history, best_global_step, best_model_checkpoint, epoch, global_step, ...known } =
    golden.trainer_state_in_checkpoint
  const history = log_history.map(
    ({ epoch = 0, step = 0, eval_runtime, eval_samples_per_second, eval_steps_per_second, ...values }) =>
      eval_runtime === undefined
        ? entry({ epoch, step, values: { ...values, loss: values.loss! + 0.00004 } })
        : entry({
            ...{ kind: "eval", epoch, step, values },
            clock: {
              eval_steps_per_second: eval_steps_per_second! + 0.0004,
              eval_samples_per_second: eval_samples_per_second!,
              eval_runtime
            }
          })
  )
  const state = { ...initial, epoch: epoch as number, step: global_step as number, bestCheckpoint: best_global_step as number }
  const text = TrainerStateJson.trainerState({ state, history, trainerState: known }, "run")
  expect(best_model_checkpoint).toBe("run/checkpoint-6")
  expect(text).toBe(`${JSON.stringify(golden.trainer_state_in_checkpoint, null, 2)}\n`)
})

it("rounds training losses alone, and keeps what is no number", () => {
  const values = { loss: NaN, grad_norm: Infinity, learning_rate: 1 / 3 }
  const history = [entry({ values }), entry({ kind: "eval", values: { loss: 1 / 3, eval_loss: 1 / 3 } })]
  const written = PythonJson.parse(TrainerStateJson.trainerState({ state: initial, history }, "run")) as {
    readonly log_history: unknown
  }
  expect(written.log_history).toEqual([
    { ...values, epoch: 0.5, step: 1 },
    { eval_loss: 1 / 3, loss: 1 / 3, epoch: 0.5, step: 1 }
  ])
})
