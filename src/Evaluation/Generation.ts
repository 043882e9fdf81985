/** Generates texts: greedy, by sampling or by beam search, one token at a time. It can be interrupted between tokens. */
import { Effect, Result } from "effect"
import { defined } from "../Defined.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import * as DecodeStep from "../Model/Generation/DecodeStep.ts"
import { type GenerationError, InvalidGeneration } from "../Model/Generation/Errors.ts"
import { type Input, merge, type Settings, make as settings } from "../Model/Generation/GenerationConfig.ts"
import * as GenerationConfigJson from "../Model/Generation/GenerationConfigJson.ts"
import * as GenerationState from "../Model/Generation/GenerationState.ts"
import * as Prompt from "../Model/Generation/Prompt.ts"
import * as TokenTensors from "../Model/Generation/TokenTensors.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformer } from "../Model/Transformer.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import * as Host from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"
import * as DeviceWeights from "./DeviceWeights.ts"

export { type GenerationError, InvalidGeneration, NoLogits, NoToken } from "../Model/Generation/Errors.ts"
export {
  defaults,
  type Input,
  make as settings,
  merge,
  type Settings,
  usualLength
} from "../Model/Generation/GenerationConfig.ts"
export { fromJson, ofFile, toJson } from "../Model/Generation/GenerationConfigJson.ts"

export interface Options {
  readonly model: Transformer
  /** On the device, or on the host, from where they are copied. */
  readonly weights: DeviceWeights.Given
  /** `input_ids` `[rows, length]`, `attention_mask` where rows are padded (on the left for a model without an encoder), `token_type_ids` where the model embeds them. */
  readonly batch: HostTensors
  readonly settings?: Input
  /** Of the sampling of tokens. */
  readonly key?: Key.Key
}

export interface Generated {
  /** Each row's texts, one after the other, padded behind their end. **Shapes**: `[rows x numReturnSequences, length]` int32. */
  readonly sequences: HostTensor
  /** The scores of a beam search. **Unit**: nats, over a power of the length. */
  readonly scores?: ReadonlyArray<number>
}

/**
 * Generates a text for each row. Settings default to those of the model's `generation_config.json`, then to the tokens of its config.
 * A model with an encoder begins with `decoderStartTokenId`, others continue the row, which is padded on the left.
 *
 * **Law**: the key-value cache does not change the text; rows do not depend on each other, nor on their padding; the key decides what is sampled; no tensor
 * is left on the device (test/property/generation.test.ts).
 *
 * **Errors**: `InvalidGeneration` before the first token; `NoLogits` if the model's logits are NaN, `NoToken` if the settings forbid every token; `DeviceError`.
 *
 * **Source**: `GenerationMixin.generate` of transformers 4.57 (test/golden/generation.test.ts, test/golden-own/generation.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect, Result } from "effect"
 * import { Device } from "regimen"
 * import { HostTensor, Key } from "regimen/nn"
 * import { Generation, Transformers } from "regimen/transformers"
 *
 * const config = { model_type: "gpt2", vocab_size: 20, n_embd: 8, n_layer: 1, n_head: 2 }
 * const model = Result.getOrThrow(Transformers.make(config, "GPT2LMHeadModel"))
 * const program = Effect.gen(function* () {
 *   const device = yield* Device.Device
 *   const parameters = yield* device.put(model.init(Key.make(1)))
 *   const batch = { input_ids: HostTensor.fromArray([[7, 3]], "int32") }
 *   return yield* Generation.generate({ model, weights: { parameters, buffers: {} }, batch, settings: { maxNewTokens: 5 } })
 * })
 * const { sequences } = await Effect.runPromise(Effect.provide(program, Device.cpu))
 * assert.deepEqual(sequences.shape, [1, 7])
 * ```
 */
export const generate = Effect.fn("Generation.generate")(function* (
  options: Options
): Effect.fn.Return<Generated, GenerationError | DeviceError, Device> {
  const { batch, model, weights } = options
  const { decode } = model
  if (decode === undefined)
    return yield* new InvalidGeneration({ field: "model", reason: `${model.architecture} does not generate text.` })
  const generator = { ...model, decode }
  const own = yield* Effect.fromResult(ofModel(model))
  const chosen = yield* Effect.fromResult(settings(own, options.settings ?? {}))
  const prompt = yield* Effect.fromResult(Prompt.make(generator, batch, chosen))
  const device = yield* Device
  const key = options.key ?? Key.make(0)
  return yield* Effect.scoped(
    Effect.flatMap(DeviceWeights.place(weights), (weights) => write({ chosen, device, generator, prompt, weights, key }))
  )
})

/** Whether a model is a transformer, which may generate. */
export const isTransformer = (model: Model): model is Transformer => "config" in model && "architecture" in model

const write = Effect.fnUntraced(function* (options: {
  readonly chosen: Settings
  readonly device: Device["Service"]
  readonly generator: DecodeStep.Generator
  readonly key: Key.Key
  readonly prompt: Prompt.Prompt
  readonly weights: DecodeStep.Weights
}) {
  const { chosen, device, generator, key, prompt, weights } = options
  const encodes = generator.encode !== undefined
  const width = GenerationState.sequencesPerPrompt(chosen)
  const mask = TokenTensors.repeat(prompt.mask, width)
  const tokenTypes = prompt.tokenTypes === undefined ? undefined : TokenTensors.repeat(prompt.tokenTypes, width)

  let read: DecodeStep.StepOutput = {}
  yield* Effect.addFinalizer(() => device.dispose(read))
  const hold = (next: Effect.Effect<DecodeStep.StepOutput, DeviceError>) =>
    Effect.uninterruptible(
      Effect.flatMap(next, (tensors) => {
        const reused = new Set(Object.values(tensors))
        const old = Object.entries(read).filter(([, tensor]) => !reused.has(tensor))
        read = tensors
        return device.dispose(Object.fromEntries(old))
      })
    )
  const logits = Effect.map(
    Effect.suspend(() => device.read({ logits: read.logits! })),
    ({ logits }) => {
      const [, vocabulary] = logits!.shape as [number, number]
      const data = logits!.data as Float32Array
      return (row: number) => data.subarray(row * vocabulary, (row + 1) * vocabulary)
    }
  )
  yield* hold(
    device.run("reading the prompt", () => {
      const { ids, on, ...types } = Host.toDevice({
        ids: TokenTensors.repeat(prompt.ids, width),
        on: mask,
        ...defined({ tokenTypes })
      })
      const start = encodes
        ? Host.toDevice({ start: TokenTensors.column(prompt.tokens.flatMap(([first]) => Array(width).fill(first))) })
        : {}
      return DecodeStep.begin(generator, weights, { ids: ids!, mask: on!, ...start, ...types })
    })
  )

  let rows = prompt.tokens.map((tokens) => GenerationState.init(tokens, chosen))
  for (let step = 0; ; step++) {
    const of = yield* logits
    const advanced = rows.map((row, i) =>
      GenerationState.advance(row, (beam) => of(i * width + beam), {
        settings: chosen,
        length: prompt.length,
        padding: prompt.padding[i]!,
        source: prompt.sources[i]!,
        position: { row: i, step: step + 1 },
        random: (text) => uniform(key, i, text, step)
      })
    )
    rows = yield* Effect.fromResult(Result.all(advanced))
    if (rows.every(GenerationState.isDone) || prompt.length.prompt + step + 1 >= prompt.length.max) break
    const next = rows.flatMap((row, i) =>
      GenerationState.nextInputs(row).map(({ parent, token }) => ({ token, parent: i * width + parent }))
    )
    yield* hold(
      device.run(`writing token ${step + 2}`, () => {
        const {
          ids,
          on,
          parents,
          tokenTypes: types
        } = Host.toDevice({
          ids: TokenTensors.column(next.map(({ token }) => token)),
          on: encodes ? mask : TokenTensors.grow(mask, step + 1),
          ...(tokenTypes === undefined ? {} : { tokenTypes: TokenTensors.last(tokenTypes) }),
          ...(GenerationState.isBeamSearch(chosen) ? { parents: TokenTensors.vector(next.map(({ parent }) => parent)) } : {})
        })
        return DecodeStep.next(generator, weights, read, { ids: ids!, mask: on!, parents, tokenTypes: types })
      })
    )
    yield* Effect.yieldNow
  }
  return GenerationState.finish(rows, chosen) satisfies Generated
})

/**
 * Reads a model's own settings: those of its `generation_config.json`, with the tokens of its config as defaults. Without the file, all of its config.
 *
 * **Errors**: `InvalidGeneration` for a decoding strategy that is not supported.
 */
export const ofModel = ({ config, encode, generation }: Transformer): Result.Result<Input, InvalidGeneration> => {
  const id = (name: string) => (typeof config[name] === "number" ? config[name] : undefined)
  const eos = config.eos_token_id
  const tokens: Input = {
    padTokenId: id("pad_token_id"),
    bosTokenId: id("bos_token_id"),
    eosTokenId: Array.isArray(eos) ? (eos as ReadonlyArray<number>) : id("eos_token_id"),
    decoderStartTokenId: encode === undefined ? undefined : (id("decoder_start_token_id") ?? id("pad_token_id"))
  }
  return Result.map(GenerationConfigJson.ofFile(generation ?? GenerationConfigJson.pick(config)), (own) => merge(tokens, own))
}

/** Draws a number for a token of a text, independent of all others. */
const uniform = (key: Key.Key, row: number, text: number, step: number): number =>
  Random.uniform(Key.fold(Key.fold(Key.fold(key, row), text), step), [1]).data[0]!
