/** Low-rank adaptation (LoRA) as a model around a model: its weights stay as they are, and small matrices beside them are trained. */
import { Result, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import * as Init from "../Tensor/Init.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as Blueprint from "./Blueprint.ts"
import { torchUniform } from "./Dense.ts"
import type { Settings } from "./LoraConfig.ts"
import * as LoraConfig from "./LoraConfig.ts"
import { type Context, type Model, parameter } from "./Model.ts"
import * as Parameters from "./Parameters.ts"
import type { Transformer } from "./Transformer.ts"

export type { Settings } from "./LoraConfig.ts"

/** A model with an adapter. Its parameters are the base's, and `<module>.lora_A.weight` and `<module>.lora_B.weight` of each adapted module. */
export type Lora<M extends Model = Model> = M & {
  /** The model that is adapted. */
  readonly baseModel: M
  readonly settings: Required<Settings>
  /** The paths of the adapted modules. */
  readonly modules: ReadonlyArray<string>
  /** The adapter's parameters, and those of `modulesToSave`. */
  readonly trainable: (path: string) => boolean
}

/** Whether a model has an adapter. */
export const isLora = <M extends Model>(model: M): model is Lora<M> => "baseModel" in model && "modules" in model

/** A setting that there is not, or that cannot be honoured. */
export class InvalidLora extends Schema.TaggedError<InvalidLora>()("InvalidLora", {
  setting: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `This adapter cannot be made: ${this.setting} ${this.reason}.`
  }
}

/** A name that is no module's. */
export class NoSuchModule extends Schema.TaggedError<NoSuchModule>()("NoSuchModule", {
  setting: Schema.Literals(["targets", "modulesToSave"]),
  name: Schema.String,
  there: Schema.Array(Schema.String)
}) {
  override get message() {
    const ends = [...new Set(this.there.map((module) => module.split(".").at(-1)!))]
    return `No module is called "${this.name}", as ${this.setting} has it. Modules end in ${ends.slice(0, 20).join(", ")}.`
  }
}

/** A module whose weight is no matrix that inputs are multiplied with. */
export class NotLinear extends Schema.TaggedError<NotLinear>()("NotLinear", {
  module: Schema.String,
  shape: Schema.Array(Schema.Number)
}) {
  override get message() {
    return `${this.module} cannot be adapted: only dense layers can, and its weight [${this.shape}] is not one's. Leave it out of targets, or train it whole (modulesToSave).`
  }
}

export type LoraError = InvalidLora | NoSuchModule | NotLinear

/**
 * Adapts a model: the weight of each target becomes `W + scale * B A`, with `A` drawn as PyTorch draws a dense layer's weight and `B` zero. Nothing else is
 * trained but `modulesToSave`; biases stay as they are. `Model.fanInFanOut` selects weights that are stored as `[inputs, outputs]`.
 *
 * **Shapes**: `lora_A` `[rank, inputs]`, `lora_B` `[outputs, rank]`, in either layout.
 *
 * **Law**: at first the outputs are the base's, bit for bit; those of `merge` are its own (test/property/lora.test.ts).
 *
 * Checkpoints and `saveModel` hold the adapter alone, in PEFT's form (`adapter_model.safetensors`, `adapter_config.json`), unless `wholeWeights` is set; a run
 * resumes from it on the same base weights.
 *
 * **Errors**: `InvalidLora`, `NoSuchModule`, `NotLinear`.
 *
 * **Source**: PEFT's `LoraConfig`; Hu et al. 2021, https://arxiv.org/abs/2106.09685; `rslora`: Kalajdzievski 2023, https://arxiv.org/abs/2312.03732. There
 * modules within `modules_to_save` are adapted too, and names that are no module's are passed over.
 *
 * @example
 * ```ts
 * import { Key } from "regimen/nn"
 * import { Lora, Transformers } from "regimen/transformers"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 *
 * const config = { model_type: "gpt2", vocab_size: 10, n_embd: 4, n_layer: 1, n_head: 1, n_positions: 8 }
 * const model = Result.getOrThrow(Transformers.make(config, "GPT2LMHeadModel"))
 * const lora = Result.getOrThrow(Lora.around(model, { rank: 2, alpha: 4, targets: ["c_attn"] }))
 * assert.deepEqual(Object.keys(lora.init(Key.make(0))).filter(lora.trainable), [
 *   "transformer.h.0.attn.c_attn.lora_A.weight",
 *   "transformer.h.0.attn.c_attn.lora_B.weight"
 * ])
 * ```
 */
export const around = <M extends Model>(base: M, given: Settings): Result.Result<Lora<M>, LoraError> =>
  Result.try({
    try: () => make(base, { modulesToSave: [], dropout: 0, rslora: false, wholeWeights: base.buffers !== undefined, ...given }),
    catch: (cause) => {
      if (cause instanceof InvalidLora || cause instanceof NoSuchModule || cause instanceof NotLinear) return cause
      throw cause
    }
  })

/**
 * Gives the weights of a plain model that does what the adapted one does: for `Pretrained.save` and all that knows no adapters.
 *
 * **Law**: the base with them gives the adapted model's outputs, but for rounding (test/property/lora.test.ts).
 */
export const merge = (lora: Lora, parameters: HostTensors): HostTensors => {
  const modules = new Map(lora.modules.map((module) => [`${module}.weight`, module]))
  const plain = Tree.filter(parameters, (path) => !isMatrix.test(path))
  return Tree.map(plain, (weight, path) => {
    const module = modules.get(path)
    return module === undefined ? weight : raised(lora, module, parameters)
  })
}

/** Keeps the names that are a module's of this model. */
export const known = (model: Model, setting: NoSuchModule["setting"], names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const modules = modulesOf(model.init(Key.make(0)))
  return names.filter((name) => modules.some(setting === "targets" ? isTarget([name]) : isWithin([name])))
}

const make = <M extends Model>(base: M, settings: Required<Settings>): Lora<M> => {
  const { rank, targets, modulesToSave } = settings
  check(settings)
  const first = base.init(Key.make(0))
  const there = modulesOf(first)
  const seek = (setting: NoSuchModule["setting"], name: string, is: (module: string) => boolean) => {
    if (!there.some(is)) throw new NoSuchModule({ setting, name, there })
  }
  if (typeof targets === "string") seek("targets", targets, isTarget(targets))
  else for (const name of targets) seek("targets", name, isTarget([name]))
  for (const name of modulesToSave) seek("modulesToSave", name, isWithin([name]))

  const isWhole = isWithin(modulesToSave)
  const modules = there.filter((module) => isTarget(targets)(module) && !isWhole(module))
  const init = Parameters.make(Object.fromEntries(modules.map((module) => [module, matrices(base, module, first, rank)])))
  const trainable = (path: string) => isMatrix.test(path) || isWhole(path)
  const scale = scaleOf(settings)
  const withAdapter = (parameters: Tensors): Tensors => {
    const weights = modules.map((module) => [`${module}.weight`, adapted(base, module, scale, parameters)] as const)
    return { ...parameters, ...Object.fromEntries(weights) }
  }
  const { encode, decode } = base as M & Decoder
  return {
    ...base,
    baseModel: base,
    settings,
    modules,
    trainable,
    ...(settings.wholeWeights
      ? {}
      : {
          savedParameters: trainable,
          files: filesOf(base, settings, trainable, [...Object.keys(first), ...Object.keys(init(Key.make(0)))])
        }),
    init: (key) => ({ ...base.init(key), ...init(Key.fold(key, "lora")) }),
    apply: (parameters: Tensors, batch: Tensors, context: Context) => base.apply(withAdapter(parameters), batch, context),
    ...(encode === undefined ? {} : { encode: (parameters, ...input) => encode(withAdapter(parameters), ...input) }),
    ...(decode === undefined ? {} : { decode: (parameters, ...input) => decode(withAdapter(parameters), ...input) })
  } satisfies Model & Decoder as Lora<M>
}

/** What generates texts in a transformer. */
type Decoder = Pick<Transformer, "encode" | "decode">

/** What belongs beside an adapter's weights: as PEFT, without the base's own config. */
const filesOf = (
  base: Model,
  settings: Required<Settings>,
  trainable: (path: string) => boolean,
  paths: ReadonlyArray<string>
): Readonly<Record<string, string>> => {
  const { "config.json": _, ...others } = base.files ?? {}
  return { ...others, [LoraConfig.fileName]: LoraConfig.render({ base, settings, trainable, paths }) }
}

const check = ({ rank, alpha, dropout, targets }: Required<Settings>): void => {
  const refuse = (setting: keyof Settings, reason: string) => new InvalidLora({ setting, reason })
  if (!Number.isSafeInteger(rank) || rank < 1) throw refuse("rank", `is a whole number from 1 on, and not ${rank}`)
  if (!(alpha > 0 && alpha < Infinity)) throw refuse("alpha", `is a number above 0, and not ${alpha}`)
  if (dropout !== 0) throw refuse("dropout", `is ${dropout}, and 0 alone is honoured: say 0 to go on without it`)
  if (targets.length === 0) throw refuse("targets", "names no module")
  if (typeof targets !== "string") return
  try {
    isTarget(targets)
  } catch (cause) {
    throw refuse("targets", `is no regular expression here (${messageOf(cause)})`)
  }
}

/** A dense layer's two matrices. */
const matrices = (base: Model, module: string, parameters: HostTensors, rank: number): Parameters.Initializer => {
  const { shape } = parameters[`${module}.weight`]!
  if (shape.length !== 2 || tables.test(module)) throw new NotLinear({ module, shape })
  const [outputs, inputs] = isTransposed(base, module) ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!]
  return Blueprint.initialize({
    "lora_A.weight": { shape: [rank, inputs], init: torchUniform(inputs) },
    "lora_B.weight": { shape: [outputs, rank], init: Init.zeros }
  })
}

/** The weight that the forward pass sees. */
const adapted = (base: Model, module: string, scale: number, parameters: Tensors): Tensor => {
  const [weight, a, b] = parts(module).map((path) => parameter(parameters, path)) as [Tensor, Tensor, Tensor]
  const scaled = tf.mul(b, scale)
  return tf.add(weight, isTransposed(base, module) ? tf.matMul(a, scaled, true, true) : tf.matMul(scaled, a))
}

/** The same on the host. */
const raised = ({ baseModel: base, settings }: Lora, module: string, parameters: HostTensors): HostTensor => {
  const [weight, a, b] = parts(module).map((path) => parameters[path]!) as [HostTensor, HostTensor, HostTensor]
  const { rank } = settings
  const scale = scaleOf(settings)
  const inputs = a.shape[1]!
  const outputs = b.shape[0]!
  const [byOutput, byInput] = isTransposed(base, module) ? [1, outputs] : [inputs, 1]
  const data = Float32Array.from(weight.data)
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      let sum = 0
      for (let i = 0; i < rank; i++) sum += b.data[output * rank + i]! * a.data[i * inputs + input]!
      data[output * byOutput + input * byInput]! += scale * sum
    }
  }
  return { ...weight, data }
}

const parts = (module: string) => [`${module}.weight`, `${module}.lora_A.weight`, `${module}.lora_B.weight`]

const isMatrix = /\.lora_[AB]\.weight$/

const scaleOf = ({ alpha, rank, rslora }: Required<Settings>): number => alpha / (rslora ? Math.sqrt(rank) : rank)

const isTransposed = (base: Model, module: string): boolean => base.fanInFanOut?.(`${module}.weight`) ?? false

/** What transformers call tables that are looked up in. */
const tables = /(^|\.)(wte|wpe|shared|relative_attention_bias|\w*embed\w*)$/

const modulesOf = (parameters: HostTensors): ReadonlyArray<string> =>
  Object.keys(parameters).flatMap((path) => (path.endsWith(".weight") ? [path.slice(0, -".weight".length)] : []))

const isTarget = (targets: Settings["targets"]): ((module: string) => boolean) => {
  if (typeof targets !== "string") return (module) => targets.some((name) => `.${module}`.endsWith(`.${name}`))
  const whole = new RegExp(`^(?:${targets})$`)
  return (module) => whole.test(module)
}

/** Whether a path is that of a module so named, or lies within one. As in PEFT a name may begin within a word: `classifier` is `pre_classifier` too. */
const isWithin =
  (names: ReadonlyArray<string>) =>
  (path: string): boolean =>
    names.some((name) => `${path}.`.includes(`${name}.`))
