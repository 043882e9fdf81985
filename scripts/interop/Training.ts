/** Training a case's model for some steps, by runs that leave checkpoints in its folder and go on from the newest. */
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Dataset } from "../../src/data.ts"
import { CheckpointStore, Device, Logger, type Model, Program } from "../../src/index.ts"
import type { HostTensor } from "../../src/nn.ts"
import type * as Case from "./Case.ts"

export interface Options {
  readonly folder: string
  readonly maxSteps: number
}

/** Runs up to a step. Each step sees the case's batch. */
export const run = (own: Case.Case, model: Model.Model, { folder, maxSteps }: Options) =>
  Program.run(
    Program.make({
      args: {
        maxSteps,
        learningRate: 1e-3,
        saveStrategy: "steps",
        saveSteps: 1,
        loggingStrategy: "no",
        perDeviceTrainBatchSize: 1
      },
      model,
      dataCollator: (): Effect.Effect<HostTensor.HostTensors> => Effect.succeed(own.batch),
      trainDataset: Dataset.fromArray([0])
    })
  ).pipe(
    Effect.provide(
      Layer.mergeAll(
        Device.wasm,
        Logger.none,
        CheckpointStore.fileSystem({ directory: join(own.folder, folder) }).pipe(Layer.provide(NodeServices.layer))
      )
    )
  )
