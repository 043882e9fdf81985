/** Slots of every form through a checkpoint: an interrupted and resumed run ends as the uninterrupted one, to the bit. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, Stream } from "effect"
import * as CheckpointStore from "../../src/Checkpoint/Stores.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Optimizer from "../../src/Layer/Optimizer.ts"
import * as Accumulate from "../../src/Optimizer/Accumulate.ts"
import * as Ema from "../../src/Optimizer/Ema.ts"
import * as Groups from "../../src/Optimizer/Groups.ts"
import { chain, type Transformation } from "../../src/Optimizer/Transformation.ts"
import { baseShape, planOf, type Shape } from "../support/plans.ts"
import * as Tiny from "../support/tiny.ts"

const low = { where: (path: string) => path === "lin.weight", rank: 1, updateProjGap: 3 }
const optimizers: Readonly<Record<string, Transformation>> = {
  adagrad: Optimizer.adagrad({ initial: 0.1 }),
  rmsprop: Optimizer.rmsprop({ centered: true, momentum: 0.5 }),
  lion: Optimizer.lion(),
  adafactor: Optimizer.adafactor({ beta1: 0.5 }),
  "galore adamw": Optimizer.galoreAdamw(low),
  "galore adafactor": Optimizer.galoreAdafactor({ ...low, projType: "reverse_std" }),
  "accumulated, averaged": chain(Accumulate.every(Optimizer.adamw(), 2), Ema.ofWeights({ decay: 0.5 })),
  "in groups": Groups.make(
    [{ name: "matrix", where: (path) => path === "lin.weight", transformation: Optimizer.adafactor() }],
    Optimizer.sgd({ momentum: 0.5 })
  )
}

const shape: Shape = { ...baseShape, evaluate: 5, sets: ["eval"] }

it.effect.each(Object.entries(optimizers))("%s", ([, optimizer]) =>
  Effect.gen(function* () {
    const task = yield* Tiny.task(shape)
    const plan = planOf(shape, task.train.batchesPerEpoch)
    const layers = () => Layer.mergeAll(Optimizer.layer(optimizer), Layer.fresh(CheckpointStore.memory), Tiny.logger())
    const whole = yield* Trainer.train(task, plan).pipe(Effect.provide(layers()))
    yield* Effect.gen(function* () {
      for (const cut of [19, 20]) yield* Trainer.events(task, plan).pipe(Stream.take(cut), Stream.runDrain)
      expect((yield* Trainer.find("newest"))?.state.step).toBeGreaterThan(2)
      const resumed = yield* Trainer.train(task, plan)
      expect(resumed.state.step).toBe(12)
      expect(Equal.equals(resumed.weights, whole.weights)).toBe(true)
    }).pipe(Effect.provide(layers()))
  }).pipe(Effect.provide(Cpu.layer))
)
