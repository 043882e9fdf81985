/** What transformers makes of scores, and what its models write, recorded by scripts/record-generation.py. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Generation from "../../src/Evaluation/Generation.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as LogitsProcessors from "../../src/Model/Generation/LogitsProcessors.ts"
import * as Sampling from "../../src/Model/Generation/Sampling.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Safetensors from "../../src/Tensor/Safetensors.ts"

type Json = Readonly<Record<string, unknown>>
type Rows = ReadonlyArray<ReadonlyArray<number>>

interface Written {
  readonly model: string
  readonly weights: string
  readonly batch: { readonly input_ids: Rows; readonly attention_mask: Rows }
  readonly kwargs: Json
  readonly sequences: Rows
  readonly scores?: ReadonlyArray<number>
}
interface Processed {
  readonly kwargs: Json
  readonly prompt: number
  readonly tokens: ReadonlyArray<number>
  readonly source: ReadonlyArray<number>
  readonly scores: ReadonlyArray<number>
  readonly processed: ReadonlyArray<number | null>
}

const read = (file: string) => readFileSync(new URL(file, import.meta.url))
const recorded: { readonly generate: ReadonlyArray<Written>; readonly scores: ReadonlyArray<Processed> } = JSON.parse(
  read("generation.json").toString()
)
const named = <A extends { readonly kwargs: Json }>(cases: ReadonlyArray<A>, name: (each: A) => string) =>
  cases.map((each) => [`${name(each)} ${JSON.stringify(each.kwargs)}`, each] as const)

describe("scores", () => {
  it.each(named(recorded.scores, ({ tokens }) => `of ${tokens}:`))(
    "%s",
    (_, { kwargs, processed, prompt, scores, source, tokens }) => {
      const { max_length = 20, ...rest } = kwargs as { readonly max_length?: number }
      const settings = Result.getOrThrow(Result.flatMap(Generation.fromJson(rest), Generation.settings))
      const text = { tokens, source, size: tokens.length, length: { prompt, max: max_length } }
      const changed = LogitsProcessors.process(Float32Array.from(scores), text, settings)
      const narrowed = settings.doSample ? Sampling.warp(changed, settings) : changed
      const found = settings.renormalizeLogits ? LogitsProcessors.logSoftmax(narrowed) : narrowed
      for (const [token, score] of processed.entries()) {
        if (score === null) expect(found[token]).toBe(Number.NEGATIVE_INFINITY)
        else expect(found[token]).toBeCloseTo(score, 4)
      }
    }
  )
})

const folders: Readonly<Record<string, string>> = {
  gpt2: "../golden/trajectories/gpt2_lm/init_checkpoint/",
  t5: "../golden/trajectories/t5_seq2seq/gen_checkpoint/",
  llama: "llama/init_checkpoint/",
  mistral: "mistral/init_checkpoint/",
  qwen2: "qwen2/init_checkpoint/"
}

describe("texts", () => {
  it.effect.each(named(recorded.generate, ({ model }) => model))(
    "%s",
    ([, { batch, kwargs, model: name, scores, sequences, weights }]) =>
      Effect.gen(function* () {
        const device = yield* Device
        const model = Result.getOrThrow(Transformers.make(JSON.parse(read(`${folders[name]}config.json`).toString())))
        const parameters = yield* device.put(Safetensors.decode(read(`../${weights}`)).tensors)
        const found = yield* Generation.generate({
          model,
          weights: { parameters, buffers: {} },
          batch: {
            input_ids: HostTensor.fromArray(batch.input_ids, "int32"),
            attention_mask: HostTensor.fromArray(batch.attention_mask, "int32")
          },
          settings: Result.getOrThrow(Generation.fromJson(kwargs))
        })
        yield* device.dispose(parameters)
        expect(HostTensor.toArray(found.sequences)).toEqual(sequences)
        for (const [i, score] of (scores ?? []).entries()) expect(found.scores?.[i]).toBeCloseTo(score, 4)
      }).pipe(Effect.provide(Cpu.layer, { local: true }))
  )
})
