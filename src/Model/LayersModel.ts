/** Models of TensorFlow.js's layers (`@tensorflow/tfjs-layers`) as models here: made in code, or read by `tf.loadLayersModel`. */
import { Result, Schema } from "effect"
import * as HostTensor from "../Tensor/HostTensor.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import * as FunctionalCall from "./LayersModel/FunctionalCall.ts"
import * as KeyedNoise from "./LayersModel/KeyedNoise.ts"
import {
  type Layer,
  type LayersModel,
  type Part,
  partsOf,
  statisticsOf,
  type Variable,
  type Weight,
  weightsOf
} from "./LayersModel/LayerTree.ts"
import { type Loss, type Model, take } from "./Model.ts"

export type { Layer, LayersModel, Variable } from "./LayersModel/LayerTree.ts"

/** A layer does what cannot be kept in a checkpoint, or be repeated from a seed. */
export class UnsupportedLayer extends Schema.TaggedError<UnsupportedLayer>()("UnsupportedLayer", {
  layer: Schema.String,
  kind: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Layer "${this.layer}" (${this.kind}) cannot be trained here: ${this.reason}.`
  }
}

/** The inputs or outputs that were named are not as many as the model has. */
export class WrongNames extends Schema.TaggedError<WrongNames>()("WrongNames", {
  what: Schema.Literals(["inputs", "outputs"]),
  given: Schema.Array(Schema.String),
  there: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The model has ${this.there.length} ${this.what} (${this.there.join(", ")}), and ${this.given.length} are named (${this.given.join(", ")}). Name each of them in "${this.what}", in this order.`
  }
}

export interface Options<Input extends string, Output extends string, Label extends string> {
  /** The batch's fields that the model's inputs are, in their order; default: the names of its input layers. */
  readonly inputs?: ReadonlyArray<Input>
  /** Names for the model's outputs, in their order. Default: `logits`. */
  readonly outputs?: ReadonlyArray<Output>
  readonly labels?: ReadonlyArray<Label>
  readonly loss?: (outputs: Readonly<Record<Output, Tensor>>, batch: Readonly<Record<Input | Label, Tensor>>) => Loss
  /** Which parameters are trained, by path. Default: those that are trainable in the layers. */
  readonly trainable?: (path: string) => boolean
}

/**
 * Makes a model of a `LayersModel`. Its weights as they are now are the initial ones; it is used to compute, and changes only in `assign`. A kernel of
 * the layer `dense` is the parameter `dense.kernel`. The statistics of batch normalization are buffers. What is frozen is a parameter without slots.
 *
 * While training, dropout and noise are keyed, so that a seed repeats them; the penalties of regularizers are added to the mean loss. Batch normalization
 * of which nothing is trained uses and keeps its statistics, as in Keras; in TensorFlow.js it would go on measuring.
 *
 * Layers get numbers in the order in which a process makes them: give layers names, so that a resumed run finds its own.
 *
 * **Law**: without noise, an update by gradient descent is `trainOnBatch`'s (test/unit/Model/LayersModel.test.ts).
 *
 * **Errors**: `WrongNames`; `UnsupportedLayer` for a recurrent layer that is stateful, for layers that draw shapes, for constraints of what is trained, and
 * for a model without layers. A custom layer's own randomness is not seen.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import { Key, LayersModel, Loss } from "regimen/nn"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const layers = tfl.sequential({ layers: [tfl.layers.dense({ name: "lin", units: 1, inputShape: [2] })] })
 * const line = LayersModel.make(layers, {
 *   inputs: ["x"],
 *   labels: ["y"],
 *   loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
 * })
 * assert.deepEqual(Object.keys(Result.getOrThrow(line).init(Key.make(0))), ["lin.kernel", "lin.bias"])
 * ```
 */
export const make = <
  const Input extends string = never,
  const Output extends string = "logits",
  const Label extends string = never
>(
  model: LayersModel,
  options: Options<Input, Output, Label> = {}
): Result.Result<Model, UnsupportedLayer | WrongNames> => {
  const parts = partsOf(model)
  if (parts.length === 1) return Result.fail(refusal({ name: model.name, layer: model }, "it has no layers"))
  if (!model.built) model.build() // a sequential one waits for its first use
  const { inputs = model.inputNames, outputs = ["logits"], labels = [], loss } = options
  const { parameters, buffers } = sorted(model, parts)
  const trained = new Set(model.trainableWeights)
  const flagged = new Set(parameters.flatMap(({ name, variable }) => (trained.has(variable) ? [name] : [])))
  const { trainable = (path) => flagged.has(path) } = options
  const learned = new Set(parameters.flatMap(({ name, variable }) => (trainable(name) ? [variable] : [])))
  const refused = misnamed(model, { inputs, outputs }) ?? unsupported(parts, learned)
  if (refused !== undefined) return Result.fail(refused)

  const initial = { parameters: valuesOf(parameters), buffers: valuesOf(buffers) }
  const run = FunctionalCall.make({ model, parts, parameters, buffers, learned })
  return Result.succeed({
    inputs,
    labels,
    trainable,
    init: () => initial.parameters,
    buffers: () => initial.buffers,
    apply: (weights, batch, context) => {
      const fields = (names: ReadonlyArray<string>) =>
        Object.fromEntries(names.map((name) => [name, take("model", "batch", batch, name)]))
      const given = fields(inputs)
      const { results, penalties, changed } = run(
        weights,
        inputs.map((name) => given[name]!),
        context
      )
      const found = Object.fromEntries(outputs.map((name, i) => [name, results[i]!])) as Record<Output, Tensor>
      if (loss === undefined || !labels.every((label) => label in batch)) return { outputs: found, buffers: changed }
      const known = { ...given, ...fields(labels) } as Record<Input | Label, Tensor>
      return { outputs: found, buffers: changed, loss: penalised(loss(found, known), penalties) }
    }
  })
}

/**
 * Writes weights into a `LayersModel`, which can then predict with them, or be saved by TensorFlow.js. It is the only function here that changes one.
 * Runs where a backend is.
 *
 * **Law**: what `make` reads from it afterwards are these weights (test/unit/Model/LayersModel.test.ts).
 *
 * **Errors**: throws `TreeMismatch` where a path, a shape or a dtype differs; nothing is written then.
 */
export const assign = (model: LayersModel, weights: Pick<HostWeights, "parameters" | "buffers">): void => {
  const { parameters, buffers } = sorted(model, partsOf(model))
  const groups = [
    [parameters, weights.parameters],
    [buffers, weights.buffers]
  ] as const
  for (const [variables, values] of groups) Tree.sameShapes(tensorsOf(variables), values)
  tf.tidy(() => {
    for (const [variables, values] of groups) {
      const tensors = HostTensor.toDevice(values)
      for (const { name, variable } of variables) variable.write(tensors[name]!)
    }
  })
}

/** A model's variables: what can be learned, and what is measured. */
const sorted = (model: LayersModel, parts: ReadonlyArray<Part>) => {
  const statistics = statisticsOf(parts)
  const weights = weightsOf(model)
  return {
    parameters: weights.filter(({ variable }) => !statistics.has(variable)),
    buffers: weights.filter(({ variable }) => statistics.has(variable))
  }
}

const tensorsOf = (weights: ReadonlyArray<Weight>): Tensors =>
  Object.fromEntries(weights.map(({ name, variable }) => [name, variable.read()]))

const valuesOf = (weights: ReadonlyArray<Weight>): HostTensor.HostTensors => HostTensor.fromDevice(tensorsOf(weights))

/** Adds the penalties to the mean, whatever the sum is over. */
const penalised = (loss: Loss, penalties: ReadonlyArray<Tensor>): Loss =>
  penalties.length === 0 ? loss : { ...loss, sum: tf.add(loss.sum, tf.mul(loss.count, tf.addN([...penalties]))) }

const misnamed = (
  model: LayersModel,
  { inputs, outputs }: { readonly inputs: ReadonlyArray<string>; readonly outputs: ReadonlyArray<string> }
): WrongNames | undefined => {
  const compare = (what: WrongNames["what"], given: ReadonlyArray<string>, there: ReadonlyArray<string>) =>
    given.length === there.length ? undefined : new WrongNames({ what, given, there })
  return compare("inputs", inputs, model.inputNames) ?? compare("outputs", outputs, model.outputNames)
}

const unsupported = (parts: ReadonlyArray<Part>, learned: ReadonlySet<Variable>): UnsupportedLayer | undefined =>
  parts.flatMap((part) => {
    const reason = faultOf(part.layer, learned)
    return reason === undefined ? [] : [refusal(part, reason)]
  })[0]

const refusal = ({ name, layer }: Part, reason: string) =>
  new UnsupportedLayer({ layer: name, kind: layer.getClassName(), reason })

const faultOf = (layer: Layer, learned: ReadonlySet<Variable>): string | undefined => {
  if ("layers" in layer) return undefined // its own are looked at
  if (layer.stateful) return "it keeps its state from batch to batch, which no checkpoint has; make it with stateful: false"
  if (KeyedNoise.isUnkeyed(layer))
    return "it draws random numbers that no seed repeats; leave it out, and change the data instead"
  const held = layer.weights.find((variable) => variable.constraint != null && learned.has(variable))
  if (held === undefined) return undefined
  return `its weight ${held.originalName} has a constraint, which an update would not keep; take it away, or freeze the weight`
}
