import { describe, it } from "@effect/vitest"
import type { Layer } from "effect"
import type { CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import * as Contract from "../../src/Testing/Contract.ts"

/** Registers the contract of a checkpoint store. `layer` is an empty one. */
export const suite = (name: string, layer: Layer.Layer<CheckpointStore, unknown>) =>
  describe(`CheckpointStore: ${name}`, () => {
    for (const test of Contract.checkpointStore(layer)) it(test.name, test.run)
  })
