/** A model's initial parameters, put together from those of its parts. */
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Tree from "../Tensor/Tree.ts"

/** Makes the parameters of a part from a key. Paths are relative to the part. */
export type Initializer = (key: Key.Key) => HostTensors

/**
 * Names the parts of a model. A part may itself be made of parts; its key is folded with its name, so that adding a part leaves the others as they were.
 *
 * @example
 * ```ts
 * import { Dense, Key, LayerNorm, Parameters } from "regimen/nn"
 * import assert from "node:assert/strict"
 *
 * const init = Parameters.make({ encoder: Parameters.make({ norm: LayerNorm.init(4) }), head: Dense.init({ inputs: 4, outputs: 2 }) })
 * assert.deepEqual(Object.keys(init(Key.make(0))), ["encoder.norm.weight", "encoder.norm.bias", "head.weight", "head.bias"])
 * ```
 */
export const make =
  (parts: Readonly<Record<string, Initializer>>): Initializer =>
  (key) =>
    Object.assign({}, ...Object.entries(parts).map(([name, part]) => Tree.prefix(part(Key.fold(key, name)), name)))
