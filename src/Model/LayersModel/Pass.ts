/** A forward pass of a `LayersModel` as a pure function: for its length, weights that are given stand in the place of its variables. */
import { type Tensor, type Tensors, tf } from "../../Tensor/Tensor.ts"
import * as Tree from "../../Tensor/Tree.ts"
import { type Context, parameter, take } from "../Model.ts"
import type { Layer, LayersModel, Part, Variable, Weight } from "./Layer.ts"
import * as Noise from "./Noise.ts"
import { during, type Stand } from "./Stand.ts"

export interface Options {
  readonly model: LayersModel
  readonly parts: ReadonlyArray<Part>
  readonly parameters: ReadonlyArray<Weight>
  readonly buffers: ReadonlyArray<Weight>
  /** Variables that are trained. */
  readonly learned: ReadonlySet<Variable>
}

export interface Pass {
  /** In the order of the model's outputs. */
  readonly results: ReadonlyArray<Tensor>
  /** Scalars of the regularizers; none outside training. */
  readonly penalties: ReadonlyArray<Tensor>
  /** Buffers that were written. */
  readonly changed: Tensors
}

/** Makes it; it runs inside a tidy. **Errors**: throws `MissingField`, and what the layers throw. */
export const make = ({ model, parts, parameters, buffers, learned }: Options) => {
  const frozen = parts.flatMap(({ layer }) =>
    isNorm(layer) && !layer.weights.some((weight) => learned.has(weight)) ? [layer] : []
  )
  return (weights: Tensors, inputs: ReadonlyArray<Tensor>, { training, key, buffers: given }: Context): Pass => {
    const written = new Map<string, Tensor>()
    const write = (name: string, value: Tensor): void => {
      written.get(name)?.dispose()
      written.set(name, tf.keep(tf.clone(value))) // a layer writes inside a tidy of its own
    }
    const stands: ReadonlyArray<Stand> = [
      ...parameters.map(({ name, variable }) => ({ object: variable, properties: { read: () => parameter(weights, name) } })),
      ...buffers.map(({ name, variable }) => ({
        object: variable,
        properties: {
          read: () => written.get(name) ?? take("model", "buffers", given, name),
          write: (value: Tensor) => write(name, value)
        }
      })),
      ...(training ? [...parts.flatMap(Noise.keyed(key)), ...frozen.map(unmoved)] : [])
    ]
    try {
      return during(stands, () => ({
        results: [model.call([...inputs], { training })].flat(),
        penalties: training ? model.calculateLosses() : [],
        changed: Tree.map(Object.fromEntries(written), (tensor) => tf.clone(tensor))
      }))
    } finally {
      tf.dispose([...written.values()])
      parts.forEach(Noise.forget)
    }
  }
}

const isNorm = (layer: Layer): boolean => layer.getClassName() === "BatchNormalization"

/** Batch normalization that uses its statistics, and leaves them as they are. */
const unmoved = (layer: Layer): Stand => {
  const own = layer.call
  const call: Layer["call"] = (inputs, kwargs) => Reflect.apply(own, layer, [inputs, { ...kwargs, training: false }])
  return { object: layer, properties: { call } }
}
