/** The optimizer of a run as a service: a gradient transformation. */
import { Context, Layer } from "effect"
import type { Transformation } from "../Optimizer/Transformation.ts"

export * from "../Optimizer/Optimizers.ts"

export class Optimizer extends Context.Service<Optimizer, { readonly transformation: Transformation }>()(
  "regimen/Layer/Optimizer"
) {}

/**
 * Provides the optimizer.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Optimizer } from "regimen"
 * import assert from "node:assert/strict"
 *
 * const name = Optimizer.Optimizer.use(({ transformation }) => Effect.succeed(transformation.name))
 * assert.equal(Effect.runSync(Effect.provide(name, Optimizer.layer(Optimizer.adamw()))), "chain")
 * ```
 */
export const layer = (transformation: Transformation): Layer.Layer<Optimizer> => Layer.succeed(Optimizer, { transformation })
