/** Generates texts: greedy, by sampling or by beam search, one token at a time. It can be interrupted between tokens. */
import { Effect, Result } from "effect"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import * as Beams from "../Model/Generation/Beams.ts"
import * as Reader from "../Model/Generation/Reader.ts"
import * as Scores from "../Model/Generation/Scores.ts"
import { type Input, InvalidGeneration, type Settings, make as settings } from "../Model/Generation/Settings.ts"
import type { Transformer } from "../Model/Transformer.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import * as Host from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"

export {
  defaults,
  fromJson,
  type Input,
  InvalidGeneration,
  make as settings,
  type Settings,
  toJson
} from "../Model/Generation/Settings.ts"

export interface Options {
  readonly model: Transformer
  /** On the device. */
  readonly weights: Reader.Weights
  /** `input_ids` `[rows, length]`, and `attention_mask` where rows are padded: on the left for a model without an encoder. */
  readonly batch: HostTensors
  readonly settings?: Input
  /** Of the drawing of tokens. */
  readonly key?: Key.Key
}

export interface Generated {
  /** Each row's texts, one after the other, filled up behind their end. **Shapes**: `[rows x numReturnSequences, length]` int32. */
  readonly sequences: HostTensor
  /** Of a beam search. **Unit**: nats, over a power of the length. */
  readonly scores?: ReadonlyArray<number>
}

/**
 * Generates a text for each row. What the model's config says of tokens holds where the settings say nothing. A model with an encoder begins with
 * `decoderStartTokenId`, others with the row.
 *
 * **Law**: with its memory a model writes what it writes without; rows do not depend on each other (test/property/generation.test.ts).
 *
 * **Errors**: `InvalidGeneration`, and the device's.
 *
 * **Source**: `GenerationMixin.generate` of transformers 4.57 (test/golden/generation.test.ts).
 */
export const generate = Effect.fn("Generation.generate")(function* (
  options: Options
): Effect.fn.Return<Generated, InvalidGeneration | DeviceError, Device> {
  const { batch, model, weights } = options
  const { decode } = model
  if (decode === undefined)
    return yield* new InvalidGeneration({ field: "model", reason: `${model.architecture} does not write texts.` })
  const generator = { ...model, decode }
  const chosen = yield* Effect.fromResult(settings(ofConfig(model), options.settings ?? {}))
  const prompt = yield* Effect.fromResult(promptOf(generator, batch, chosen))
  const length = { prompt: prompt.tokens[0]!.length, max: maxOf(chosen, prompt.tokens[0]!.length) }
  if (length.max <= length.prompt)
    return yield* new InvalidGeneration({
      field: "maxLength",
      reason: `the prompt has ${length.prompt} tokens and the text may have ${length.max}. Raise maxLength, or set maxNewTokens.`
    })
  const device = yield* Device
  const width = chosen.doSample ? chosen.numReturnSequences : chosen.numBeams
  const writing = write({ chosen, device, generator, length, prompt, weights, width, key: options.key ?? Key.make(0) })
  return yield* Effect.scoped(writing)
})

interface Prompt {
  /** What each text begins with. */
  readonly tokens: ReadonlyArray<ReadonlyArray<number>>
  readonly ids: HostTensor
  readonly mask: HostTensor
}

const write = Effect.fnUntraced(function* (options: {
  readonly chosen: Settings
  readonly device: Device["Service"]
  readonly generator: Reader.Generator
  readonly key: Key.Key
  readonly length: Beams.Length
  readonly prompt: Prompt
  readonly weights: Reader.Weights
  /** Texts of a row at a time. */
  readonly width: number
}) {
  const { chosen, device, generator, key, length, prompt, weights, width } = options
  const encodes = generator.encode !== undefined
  const repeated = (tensor: HostTensor) => repeat(tensor, width)
  const mask = repeated(prompt.mask)

  let read: Reader.Read = {}
  yield* Effect.addFinalizer(() => device.dispose(read))
  const hold = (next: Effect.Effect<Reader.Read, DeviceError>) =>
    Effect.uninterruptible(
      Effect.flatMap(next, (made) => {
        const old = read
        read = made
        return device.dispose(old)
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
      const [ids, on] = [Host.toDevice({ ids: repeated(prompt.ids) }), Host.toDevice({ mask })]
      const start = encodes
        ? Host.toDevice({ start: column(prompt.tokens.flatMap((tokens) => Array(width).fill(tokens[0]))) })
        : {}
      return Reader.begin(generator, weights, { ids: ids.ids!, mask: on.mask!, ...start })
    })
  )

  let texts: ReadonlyArray<Searching> = prompt.tokens.map((tokens) =>
    chosen.doSample || chosen.numBeams === 1
      ? { _tag: "Drawn", texts: Array.from({ length: width }, () => ({ tokens, ended: false })) }
      : { _tag: "Searched", search: Beams.begin(tokens, chosen) }
  )
  for (let step = 0; ; step++) {
    const of = yield* logits
    texts = texts.map((row, i) =>
      advance(
        row,
        (beam) => of(i * width + beam),
        chosen,
        length,
        (text) => uniform(key, i, text, step)
      )
    )
    if (texts.every(isDone) || length.prompt + step + 1 >= length.max) break
    const next = texts.flatMap((row, i) => continuations(row).map(({ parent, token }) => ({ token, parent: i * width + parent })))
    const grown = encodes ? mask : grow(mask, step + 1)
    yield* hold(
      device.run(`writing token ${step + 1}`, () => {
        const { ids, on, parents } = Host.toDevice({
          ids: column(next.map(({ token }) => token)),
          on: grown,
          parents: vector(next.map(({ parent }) => parent))
        })
        return Reader.next(generator, weights, read, { ids: ids!, mask: on!, parents: parents! })
      })
    )
    yield* Effect.yieldNow
  }
  return finish(texts, chosen)
})

/** A row's texts as they are written. */
type Searching =
  | { readonly _tag: "Drawn"; readonly texts: ReadonlyArray<{ readonly tokens: ReadonlyArray<number>; readonly ended: boolean }> }
  | { readonly _tag: "Searched"; readonly search: Beams.Search }

const isDone = (row: Searching): boolean => (row._tag === "Searched" ? row.search.done : row.texts.every(({ ended }) => ended))

const advance = (
  row: Searching,
  logits: (beam: number) => Scores.Scores,
  chosen: Settings,
  length: Beams.Length,
  random: (text: number) => number
): Searching => {
  if (isDone(row) && row._tag === "Drawn") return row
  const prompt = length.prompt
  if (row._tag === "Searched") {
    const { search } = row
    if (search.done) return row
    const scores = search.running.map(({ tokens }, beam) =>
      Scores.process(Scores.logSoftmax(logits(beam)), { tokens, prompt }, chosen)
    )
    return { _tag: "Searched", search: Beams.next(search, scores, chosen, length) }
  }
  const ends = Scores.endsOf(chosen)
  return {
    _tag: "Drawn",
    texts: row.texts.map((text, i) => {
      if (text.ended) return text
      const scores = Scores.process(logits(i), { tokens: text.tokens, prompt }, chosen)
      const token = chosen.doSample ? Scores.draw(scores, random(i), chosen) : Scores.best(scores)
      return { tokens: [...text.tokens, token], ended: ends.includes(token) }
    })
  }
}

/** The tokens that the model reads next, and whose past they follow. A text that has ended goes on unseen. */
const continuations = (row: Searching): ReadonlyArray<{ readonly token: number; readonly parent: number }> =>
  row._tag === "Drawn"
    ? row.texts.map(({ tokens }, parent) => ({ token: tokens.at(-1)!, parent }))
    : row.search.running.map(({ tokens }, i) => ({ token: tokens.at(-1)!, parent: row.search.parents[i]! }))

const finish = (texts: ReadonlyArray<Searching>, chosen: Settings): Generated => {
  const [end] = Scores.endsOf(chosen)
  const found = texts.flatMap(
    (row): ReadonlyArray<Found> => (row._tag === "Drawn" ? row.texts : row.search.found.slice(0, chosen.numReturnSequences))
  )
  const beams = chosen.numBeams > 1
  // the real one's beam search takes a pad token of 0 for none
  const filler = (beams ? chosen.padTokenId || end : (chosen.padTokenId ?? end)) ?? 0
  const length = Math.max(...found.map(({ tokens }) => tokens.length))
  const data = Int32Array.from(found.flatMap(({ tokens }) => [...tokens, ...Array(length - tokens.length).fill(filler)]))
  const sequences: HostTensor = { dtype: "int32", shape: [found.length, length], data }
  return beams ? { sequences, scores: found.map(({ score }) => score ?? Number.NaN) } : { sequences }
}

interface Found {
  readonly tokens: ReadonlyArray<number>
  readonly score?: number
}

/** What a model's own config says of tokens. */
export const ofConfig = ({ config, encode }: Transformer): Input => {
  const id = (name: string) => (typeof config[name] === "number" ? config[name] : undefined)
  const eos = config.eos_token_id
  return {
    padTokenId: id("pad_token_id"),
    bosTokenId: id("bos_token_id"),
    eosTokenId: Array.isArray(eos) ? (eos as ReadonlyArray<number>) : id("eos_token_id"),
    decoderStartTokenId: encode === undefined ? undefined : (id("decoder_start_token_id") ?? id("pad_token_id"))
  }
}

const maxOf = ({ maxLength, maxNewTokens }: Settings, prompt: number): number =>
  maxNewTokens === null ? maxLength : prompt + maxNewTokens

const promptOf = (model: Reader.Generator, batch: HostTensors, chosen: Settings): Result.Result<Prompt, InvalidGeneration> => {
  const ids = batch.input_ids
  if (ids === undefined || ids.shape.length !== 2) return refuse("input_ids", "the batch must have it, as [rows, length].")
  const [rows, length] = ids.shape as [number, number]
  const mask =
    batch.attention_mask ??
    Host.fromArray(
      Array.from({ length: rows }, () => Array(length).fill(1)),
      "int32"
    )
  if (model.encode !== undefined) {
    const start = chosen.decoderStartTokenId ?? chosen.bosTokenId
    if (start === null)
      return refuse("decoderStartTokenId", "neither the settings nor the model's config say with which token a text begins.")
    return Result.succeed({ ids, mask, tokens: Array.from({ length: rows }, () => [start]) })
  }
  for (let row = 0; row < rows; row++)
    if (mask.data[(row + 1) * length - 1] !== 1)
      return refuse("attention_mask", `row ${row} is padded on the right. Pad on the left: a text goes on behind its last token.`)
  const tokens = Array.from({ length: rows }, (_, row) => Array.from(ids.data.subarray(row * length, (row + 1) * length)))
  return Result.succeed({ ids, mask, tokens })
}

const refuse = (field: string, reason: string) => Result.fail(new InvalidGeneration({ field, reason }))

/** One number for each token of each text, whatever else is generated. */
const uniform = (key: Key.Key, row: number, text: number, step: number): number =>
  Random.uniform(Key.fold(Key.fold(Key.fold(key, row), text), step), [1]).data[0]!

/** Each row so many times, one after the other. */
const repeat = (tensor: HostTensor, times: number): HostTensor => {
  const [rows, length] = tensor.shape as [number, number]
  const data = Int32Array.from({ length: rows * times * length }, (_, i) => {
    const row = Math.floor(i / (length * times))
    return tensor.data[row * length + (i % length)]!
  })
  return { dtype: "int32", shape: [rows * times, length], data }
}

/** A mask with so many more tokens at its end. */
const grow = (mask: HostTensor, more: number): HostTensor => {
  const [rows, length] = mask.shape as [number, number]
  const wide = length + more
  const data = Int32Array.from({ length: rows * wide }, (_, i) =>
    i % wide < length ? mask.data[Math.floor(i / wide) * length + (i % wide)]! : 1
  )
  return { dtype: "int32", shape: [rows, wide], data }
}

const vector = (values: ReadonlyArray<number>): HostTensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values)
})
const column = (values: ReadonlyArray<number>): HostTensor => ({ ...vector(values), shape: [values.length, 1] })
