/** Recorded runs from end to end: the checkpoint is loaded, trained by the driver in its own order of the data, saved and loaded again. */
import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Pretrained from "../../src/Checkpoint/Pretrained.ts"
import { CheckpointStore, Device, Logger, Program } from "../../src/index.ts"
import { Collator, Dataset } from "../../src/data.ts"
import { Reduction } from "../../src/optim.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { open } from "./Trajectory.ts"

interface Recorded {
  readonly training_arguments: Readonly<Record<string, unknown>>
  readonly steps: ReadonlyArray<{ readonly loss: number; readonly lr: number; readonly grad_norm: number }>
  readonly float64_shadow: {
    readonly max_abs_loss_difference: number
    readonly final_weight_difference_by_tensor: Readonly<Record<string, number>>
  }
}

const layers = Layer.mergeAll(Device.wasm, CheckpointStore.memory, Logger.memory, NodeServices.layer)

describe.each(["bert_cls/base", "bert_cls/ga2_label_smoothing", "gpt2_lm/ga2", "t5_seq2seq/base"])("%s", (name) => {
  it.effect("is trained as recorded", () =>
    Effect.gen(function* () {
      const [folder, variant] = name.split("/") as [string, string]
      const trajectory = open(folder)
      const golden = trajectory.json<Recorded>(`${variant}.json`)
      const { predict_with_generate, generation_max_length, generation_num_beams, ...given } = golden.training_arguments
      const { input: args } = yield* Effect.fromResult(Arguments.fromJson(given))
      const data = trajectory.json<Readonly<Record<"train" | "eval", ReadonlyArray<unknown>>>>("dataset.json")
      const { model, fresh, unused } = yield* Pretrained.load(new URL(`./trajectories/${folder}/init_checkpoint`, import.meta.url).pathname)
      expect([fresh, unused]).toEqual([[], []])
      const { history, weights } = yield* Program.run(
        Program.make({
          args,
          model,
          reduction: Reduction.trainer,
          dataCollator: Collator.stack(),
          trainDataset: Dataset.fromArray(data.train),
          evalDataset: Dataset.fromArray(data.eval)
        })
      )
      const logged = history.filter(({ kind }) => kind === "train")
      expect(logged).toHaveLength(golden.steps.length)
      const { final_weight_difference_by_tensor: bounds, max_abs_loss_difference } = golden.float64_shadow
      for (const [n, { loss, lr, grad_norm }] of golden.steps.entries()) {
        const { values } = logged[n]!
        expect(Math.abs(values.loss! - loss), `loss of step ${n + 1}`).toBeLessThanOrEqual(Math.max(10 * max_abs_loss_difference, 1e-5))
        expect(Math.abs(values.learning_rate! - lr), `learning rate of step ${n + 1}`).toBeLessThanOrEqual(1e-12)
        expect(Math.abs(values.grad_norm! - grad_norm), `norm of step ${n + 1}`).toBeLessThanOrEqual(1e-4 * grad_norm)
      }
      const fs = yield* FileSystem.FileSystem
      const saved = yield* fs.makeTempDirectoryScoped()
      yield* Pretrained.save(saved, { model, parameters: weights.parameters })
      const final = (yield* Pretrained.load(saved)).model.init(Key.make(0))
      for (const [path, { data }] of Object.entries(trajectory.safetensors(`${variant}.final.safetensors`))) {
        const worst = Math.max(...Array.from(data, (value, i) => Math.abs(value - final[path]!.data[i]!)))
        expect(worst, path).toBeLessThanOrEqual(Math.max(10 * bounds[path]!, 5e-6))
      }
    }).pipe(Effect.provide(layers, { local: true }))
  )
})

// Deliberate difference (g): the real Trainer adds the micro-batches' means and does not divide by their number.
it.effect("GPT-2 with label smoothing and accumulation: a loss is a third of the recorded one", () =>
  Effect.gen(function* () {
    const trajectory = open("gpt2_lm")
    const golden = trajectory.json<Recorded>("ga3_label_smoothing.json")
    const { input } = yield* Effect.fromResult(Arguments.fromJson(golden.training_arguments))
    const data = trajectory.json<Readonly<Record<"train" | "eval", ReadonlyArray<unknown>>>>("dataset.json")
    const own = trajectory.model()
    const { history } = yield* Program.run(
      Program.make({
        args: { ...input, maxSteps: 1 },
        model: { ...own, init: () => trajectory.weights },
        reduction: Reduction.trainer,
        dataCollator: Collator.stack(),
        trainDataset: Dataset.fromArray(data.train),
        evalDataset: Dataset.fromArray(data.eval)
      })
    )
    const { loss, grad_norm } = history[0]!.values
    expect(Math.abs(3 * loss! - golden.steps[0]!.loss)).toBeLessThanOrEqual(3e-5)
    expect(Math.abs(3 * grad_norm! - golden.steps[0]!.grad_norm)).toBeLessThanOrEqual(1e-3)
  }).pipe(Effect.provide(layers, { local: true }))
)
