/** What is used of a layer of TensorFlow.js, without an import of it: its parts, and its variables by path. */
import { distinct } from "../../Optimizer/UniqueNames.ts"
import type { Tensor } from "../../Tensor/Tensor.ts"

/** A weight that changes in place: tfjs-layers' `LayerVariable`. */
export interface Variable {
  /** Grows in the order in which variables are made. */
  readonly id: number
  readonly originalName: string
  readonly constraint: unknown
  read(): Tensor
  write(value: Tensor): unknown
}

export interface Layer {
  readonly name: string
  readonly trainable: boolean
  readonly stateful: boolean
  readonly weights: ReadonlyArray<Variable>
  readonly trainableWeights: ReadonlyArray<Variable>
  getClassName(): string
  call(inputs: Tensor | Array<Tensor>, kwargs: Record<string, unknown>): Tensor | Array<Tensor>
}

/** A model of layers: tfjs-layers' `LayersModel` and `Sequential`. */
export interface LayersModel extends Layer {
  readonly built: boolean
  readonly inputNames: ReadonlyArray<string>
  readonly outputNames: ReadonlyArray<string>
  build(inputShape?: unknown): void
  calculateLosses(): ReadonlyArray<Tensor>
}

/** A layer, at any depth, under a name of its own. */
export interface Part {
  readonly name: string
  readonly layer: Layer
}

/** A variable under its path. */
export interface Weight {
  readonly name: string
  readonly variable: Variable
}

/** Lists the layers of a model and those within them: in models, wrappers and recurrent layers. */
export const partsOf = (model: Layer): ReadonlyArray<Part> => {
  const found = new Set<Layer>()
  const visit = (layer: Layer): void => {
    if (found.has(layer)) return
    found.add(layer)
    for (const inner of holders.flatMap((field) => Reflect.get(layer, field) ?? []) as ReadonlyArray<Layer>) visit(inner)
  }
  visit(model)
  return distinct([...found].map((layer) => ({ name: layer.name, layer })))
}

/** Where a layer keeps others. */
const holders = ["layers", "layer", "forwardLayer", "backwardLayer", "cell", "cells"]

/** Lists a model's variables as they were made, whatever is trained: a kernel of `dense` is `dense.kernel`. */
export const weightsOf = (model: LayersModel): ReadonlyArray<Weight> =>
  distinct(
    [...new Set(model.weights)]
      .sort((a, b) => a.id - b.id)
      .map((variable) => ({ name: variable.originalName.replaceAll("/", "."), variable }))
  )

/** Lists the variables that are measured and not learned: the statistics of batch normalization. */
export const statisticsOf = (parts: ReadonlyArray<Part>): ReadonlySet<Variable> =>
  new Set(parts.flatMap(({ layer }) => (Reflect.get(layer, "_nonTrainableWeights") ?? []) as ReadonlyArray<Variable>))
