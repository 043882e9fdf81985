/** A model's parameters before they are made: their paths and shapes, and how each begins. */
import type { HostTensor } from "../Tensor/HostTensor.ts"
import * as Init from "../Tensor/Init.ts"
import * as Key from "../Tensor/Key.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Initializer } from "./Parameters.ts"

export interface ParameterSpec {
  readonly shape: ReadonlyArray<number>
  readonly init: Init.Init
  /** Set for tables that are looked up in. */
  readonly table?: true
}

/** By dotted path. */
export type Blueprint = Readonly<Record<string, ParameterSpec>>

/**
 * Makes the parameters. Each one's key is folded with its path, so that adding one leaves the others as they were.
 *
 * @example
 * ```ts
 * import { Init, Key } from "regimen/nn"
 * import { Blueprint } from "regimen/transformers"
 * import assert from "node:assert/strict"
 *
 * const blueprint = Blueprint.parts({ head: Blueprint.dense(3, 2, Init.normal()) })
 * assert.deepEqual(Object.keys(Blueprint.initialize(blueprint)(Key.make(0))), ["head.weight", "head.bias"])
 * ```
 */
export const initialize =
  (blueprint: Blueprint): Initializer =>
  (key) =>
    Tree.map(blueprint, ({ shape, init }, path): HostTensor => init(Key.fold(key, path), shape))

/** Names the parts of a model. */
export const parts = (all: Readonly<Record<string, Blueprint>>): Blueprint =>
  Object.assign({}, ...Object.entries(all).map(([name, part]) => Tree.prefix(part, name)))

/** Repeats a part so many times, with its number as its name. */
export const layers = (count: number, part: (index: number) => Blueprint): Blueprint =>
  parts(Object.fromEntries(Array.from({ length: count }, (_, index) => [String(index), part(index)])))

/** A dense layer: `weight` `[outputs, inputs]` and `bias`. */
export const dense = (inputs: number, outputs: number, init: Init.Init, { bias = true } = {}): Blueprint => ({
  weight: { shape: [outputs, inputs], init },
  ...(bias ? { bias: { shape: [outputs], init: Init.zeros } } : {})
})

/** A table of rows; the row of the pad token begins at zero. */
export const embedding = (rows: number, width: number, init: Init.Init, pad: number | null = null): Blueprint => ({
  weight: { shape: [rows, width], init: pad === null ? init : withoutRow(init, pad), table: true }
})

/** A layer norm: `weight` and `bias`. */
export const layerNorm = (width: number): Blueprint => ({ ...rmsNorm(width), bias: { shape: [width], init: Init.zeros } })

/** A norm with a `weight` alone. */
export const rmsNorm = (width: number, weight = 1): Blueprint => ({ weight: { shape: [width], init: Init.constant(weight) } })

const withoutRow =
  (init: Init.Init, row: number): Init.Init =>
  (key, shape) => {
    const made = init(key, shape)
    const width = shape.at(-1) ?? 1
    made.data.fill(0, row * width, (row + 1) * width)
    return made
  }
