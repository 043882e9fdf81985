/** The page's Seq2SeqTrainer: a Trainer whose predictions are texts that the model writes. */
import { Effect, type Result } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import { InvalidArgument } from "../Arguments/Arguments.ts"
import * as Seq2SeqArguments from "../Arguments/Seq2SeqArguments.ts"
import { attach, load } from "../Checkpoint/GenerationFile.ts"
import type { Config } from "../Model/Config.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformer } from "../Model/Transformer.ts"
import { perMicroBatch, trainer } from "../Step/Reduction.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import { tf } from "../Tensor/Tensor.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import type { Write } from "./Collect.ts"
import { InvalidTask } from "./Errors.ts"
import type { Kind } from "./Facade/Core.ts"
import type { EvaluateOptions, LoopOptions } from "./Facade/Evaluating.ts"
import type { Options as FacadeOptions } from "./Facade/Options.ts"
import * as Facade from "./Facade.ts"
import type { Source } from "./Feed.ts"
import * as Generation from "./Generation.ts"

export interface Options<A, E = never, R = never> extends Omit<FacadeOptions<A, E, R>, "args"> {
  readonly args?: Seq2SeqArguments.Input
}

/** What `evaluate` and `predict` take beside the Trainer's options: any setting of the generation. */
type Written<O> = Omit<O, "generation" | "predictionLossOnly"> & Generation.Input

/**
 * Makes a Seq2SeqTrainer. With `predictWithGenerate` the predictions are token ids, filled with the pad token to the longest that the model's generation
 * allows (20 where nothing says so), and labels are as long.
 *
 * **Errors**: as `Trainer.make`; `InvalidTask` for a model that writes no texts.
 *
 * **Source**: `Seq2SeqTrainer`. The loss of an evaluation is the mean of its batches', as there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, Layer, Result } from "effect"
 * import { CheckpointStore, Dataset, Device, EvalPrediction, Logger, Seq2SeqTrainer, Transformers } from "regimen"
 *
 * const config = { model_type: "t5", vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2, decoder_start_token_id: 0 }
 * const model = Result.getOrThrow(Transformers.make(config, "T5ForConditionalGeneration"))
 * const rows = Dataset.fromArray([
 *   { input_ids: [5, 6, 1], attention_mask: [1, 1, 1], labels: [6, 5, 1] },
 *   { input_ids: [7, 8, 1], attention_mask: [1, 1, 1], labels: [8, 7, 1] }
 * ])
 * const program = Effect.gen(function* () {
 *   const trainer = yield* Seq2SeqTrainer.make({
 *     model,
 *     args: { predictWithGenerate: true, generationMaxLength: 4, numTrainEpochs: 1 },
 *     trainDataset: rows
 *   })
 *   yield* trainer.train()
 *   return yield* trainer.predict(rows, { numBeams: 2 })
 * })
 * const world = Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none, NodeServices.layer)
 * const { predictions } = await Effect.runPromise(Effect.provide(program, world))
 * assert.deepEqual(EvalPrediction.take(predictions!).shape, [2, 20]) // filled up to the longest that the model's generation allows
 * ```
 */
export const make = Effect.fn("Seq2SeqTrainer.make")(function* <A, E = never, R = never>(options: Options<A, E, R>) {
  const trainer = yield* Facade.makeAs(options as FacadeOptions<A, E, R>, kind)
  return {
    ...trainer,
    evaluate: (given: Written<EvaluateOptions<A, E, R>> = {}) => {
      const { evalDataset, ignoreKeys, metricKeyPrefix, ...generation } = given
      return trainer.evaluate({ ...known({ evalDataset, ignoreKeys, metricKeyPrefix }), generation })
    },
    predict: (testDataset: Source<A, E, R>, given: Written<LoopOptions> = {}) => {
      const { ignoreKeys, metricKeyPrefix, ...generation } = given
      return trainer.predict(testDataset, { ...known({ ignoreKeys, metricKeyPrefix }), generation })
    }
  }
})

const known = <O extends object>(options: O) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof O]?: Exclude<O[K], undefined>
  }

const kind: Kind = {
  read: Seq2SeqArguments.make,
  supported: (args) => Seq2SeqArguments.supported(args as Seq2SeqArguments.Seq2SeqArguments),
  parts: Effect.fnUntraced(function* (given: Arguments, plain: Model, tokenizer: Tokenizer | undefined) {
    const args = given as Seq2SeqArguments.Seq2SeqArguments
    const writes = isTransformer(plain) && plain.decode !== undefined
    const configured = yield* configurationOf(args.generationConfig)
    const model = writes && configured !== undefined ? yield* configuredAs(plain, configured) : plain
    const reduction = { ...trainer, evaluate: unweighted }
    if (!args.predictWithGenerate) return { model, reduction }
    if (!isTransformer(model) || !writes)
      return yield* new InvalidTask({
        reason: "predict_with_generate is set, and the model writes no texts. Give a transformer that does, or leave it out."
      })
    const own = yield* followed(Generation.ofModel(model))
    const usual: Generation.Input = { ...own, padTokenId: own.padTokenId ?? tokenizer?.special.pad }
    const asked: Generation.Input = {
      maxLength: args.generationMaxLength ?? usual.maxLength,
      numBeams: args.generationNumBeams ?? usual.numBeams
    }
    const settings = yield* followed(Generation.settings(usual, asked))
    const pad = tokenizer?.special.pad ?? tokenizer?.special.eos ?? settings.padTokenId ?? model.padTokenId
    if (pad === undefined)
      return yield* new InvalidTask({
        reason:
          "predict_with_generate is set, and nothing says with what texts are filled up. Set the model's pad_token_id, or give a tokenizer."
      })
    return { model, reduction, ...writing(model, usual, { asked, pad }) }
  })
}

/**
 * Makes what a `Program` needs so that its predictions are texts: `settings` are a model's usual ones, and predictions and labels are as long as they allow;
 * `asked` go before them, and what a call says before those.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { HostTensor, Seq2SeqTrainer, Transformers } from "regimen"
 *
 * const config = { model_type: "t5", vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2 }
 * const model = Result.getOrThrow(Transformers.make(config, "T5ForConditionalGeneration"))
 * const { padLabels } = Seq2SeqTrainer.writing(model, { maxLength: 4 })
 * assert.deepEqual(HostTensor.toArray(padLabels(HostTensor.fromArray([[5, 1]], "int32"))), [[5, 1, 0, 0]])
 * ```
 */
export const writing = (
  model: Transformer,
  settings: Generation.Input,
  {
    asked = {},
    pad = settings.padTokenId ?? model.padTokenId ?? 0
  }: { readonly asked?: Generation.Input; readonly pad?: number } = {}
) => {
  const filled = (tensor: HostTensor) => padded(tensor, widthOf(tensor.shape[1]!, settings), pad)
  const write: Write = Effect.fnUntraced(function* (weights, { labels: _, decoder_input_ids: __, ...batch }, called) {
    const chosen = Generation.merge(settings, asked, called)
    if ((chosen.numReturnSequences ?? 1) > 1)
      return yield* new Generation.InvalidGeneration({ field: "numReturnSequences", reason: "a prediction is one text a row." })
    const { sequences } = yield* Generation.generate({ model, weights, batch, settings: chosen })
    return filled(sequences)
  })
  return { write, padLabels: filled }
}

/** Of predictions and labels, so that batches can be joined. **Source**: `prediction_step`, which looks at the model's own configuration. */
const widthOf = (width: number, { maxLength, maxNewTokens }: Generation.Input): number => {
  const longest = maxLength ?? Generation.usualLength
  return width < longest || maxNewTokens == null ? longest : maxNewTokens + 1
}

const isTransformer = (model: Model): model is Transformer => "config" in model && "architecture" in model

/** Each batch counts alike. */
const unweighted: typeof trainer.evaluate = (loss) => ({ ...perMicroBatch.evaluate(loss, 1), count: tf.scalar(1) })

/** What the model says of itself, and in its place what is given; it is saved so. */
const configuredAs = (model: Transformer, given: Config) =>
  Effect.map(followed(Generation.ofModel(model)), (own) =>
    attach(model, { ...(model.generation ?? Generation.toJson(own)), ...given })
  )

/** What `generation_config` says: an object, or the file, folder or repository that has one. */
const configurationOf = Effect.fnUntraced(function* (value: Seq2SeqArguments.Seq2SeqArguments["generationConfig"]) {
  if (value === null) return undefined
  if (typeof value !== "string") return yield* Effect.as(followed(Generation.fromJson(value), value), value)
  return yield* Effect.mapError(
    load(value),
    ({ message }) => new InvalidArgument({ argument: "generation_config", value, expected: `a configuration (${message})` })
  )
})

/** A configuration that cannot be followed is a wrong argument, or a wrong file of the model. */
const followed = <A>(read: Result.Result<A, Generation.InvalidGeneration>, value?: unknown) =>
  Effect.mapError(
    Effect.fromResult(read),
    ({ message }) =>
      new InvalidArgument({
        argument: "generation_config",
        value,
        expected: `a configuration that can be followed (${message})`
      })
  )

/** Filled up on the right. **Shapes**: `[rows, length]`. */
const padded = (tensor: HostTensor, length: number, filler: number): HostTensor => {
  const [rows, width] = tensor.shape as [number, number]
  if (width >= length) return tensor
  const data = Int32Array.from({ length: rows * length }, (_, i) =>
    i % length < width ? tensor.data[Math.floor(i / length) * width + (i % length)]! : filler
  )
  return { dtype: "int32", shape: [rows, length], data }
}
