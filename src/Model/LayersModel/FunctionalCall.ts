/** Calls a `LayersModel` as a pure function: while it runs, given weights replace its variables. */
import { type Tensor, type Tensors, tf } from "../../Tensor/Tensor.ts"
import * as Tree from "../../Tensor/Tree.ts"
import { type Context, parameter, take } from "../Model.ts"
import * as KeyedNoise from "./KeyedNoise.ts"
import { type Layer, type LayersModel, type Part, partsOf, type Variable, type Weight } from "./LayerTree.ts"
import { type Replacement, withProperties } from "./WithProperties.ts"

export interface Options {
  readonly model: LayersModel
  readonly parts: ReadonlyArray<Part>
  readonly parameters: ReadonlyArray<Weight>
  readonly buffers: ReadonlyArray<Weight>
  /** Variables that are trained. */
  readonly learned: ReadonlySet<Variable>
}

export interface FunctionalCall {
  /** In the order of the model's outputs. */
  readonly results: ReadonlyArray<Tensor>
  /** Scalars of the regularizers; none outside training. */
  readonly penalties: ReadonlyArray<Tensor>
  /** Buffers that were written. */
  readonly changed: Tensors
}

/** Makes the call; it runs inside a tidy. **Errors**: throws `MissingField`, and what the layers throw. */
export const make = ({ model, parts, parameters, buffers, learned }: Options) => {
  const norms = parts.flatMap(({ layer }) => (layer.getClassName() === "BatchNormalization" ? [layer] : []))
  const learnable = new Set(parameters.map(({ variable }) => variable))
  const still = new Set(parts.flatMap(({ layer }) => (layer.trainable ? [] : partsOf(layer).map((part) => part.layer))))
  const frozen = norms.filter((layer) => {
    const own = layer.weights.filter((variable) => learnable.has(variable))
    return own.length === 0 ? still.has(layer) : !own.some((variable) => learned.has(variable))
  })
  return (weights: Tensors, inputs: ReadonlyArray<Tensor>, { training, key, buffers: given }: Context): FunctionalCall => {
    const written = new Map<string, Tensor>()
    const write = (name: string, value: Tensor): void => {
      written.get(name)?.dispose()
      written.set(name, tf.keep(tf.clone(value))) // a layer writes inside a tidy of its own
    }
    const replacements: ReadonlyArray<Replacement> = [
      ...parameters.map(({ name, variable }) => ({ object: variable, properties: { read: () => parameter(weights, name) } })),
      ...buffers.map(({ name, variable }) => ({
        object: variable,
        properties: {
          read: () => written.get(name) ?? take("model", "buffers", given, name),
          write: (value: Tensor) => write(name, value)
        }
      })),
      ...(training ? [...parts.flatMap(KeyedNoise.keyed(key)), ...norms.map(whole), ...frozen.map(unmoved)] : [])
    ]
    try {
      return withProperties(replacements, () => ({
        results: [model.call([...inputs], { training })].flat(),
        penalties: training ? model.calculateLosses() : [],
        changed: Tree.map(Object.fromEntries(written), (tensor) => tf.clone(tensor))
      }))
    } finally {
      tf.dispose([...written.values()])
      parts.forEach(KeyedNoise.forget)
    }
  }
}

/** Batch normalization with a scale of ones and an offset of zeros where it has none: in training TensorFlow.js reads both. */
const whole = (layer: Layer): Replacement => {
  const missing = (switched: string, name: string, fill: (like: Tensor) => Tensor) =>
    Reflect.get(layer, name) == null
      ? { [switched]: true, [name]: { read: () => fill((Reflect.get(layer, "movingMean") as Variable).read()) } }
      : {}
  return {
    object: layer,
    properties: { ...missing("scale", "gamma", tf.onesLike), ...missing("center", "beta", tf.zerosLike) }
  }
}

/** Batch normalization that uses its statistics, and leaves them as they are. */
const unmoved = (layer: Layer): Replacement => {
  const own = layer.call
  const call: Layer["call"] = (inputs, kwargs) => Reflect.apply(own, layer, [inputs, { ...kwargs, training: false }])
  return { object: layer, properties: { call } }
}
