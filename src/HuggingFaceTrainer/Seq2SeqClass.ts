/** The class of the Seq2SeqTrainer: predictions are generated sequences, and an evaluation weighs each batch's loss alike. */
import { Effect, Result } from "effect"
import { type Arguments, InvalidArgument } from "../Arguments/Arguments.ts"
import * as Seq2SeqArguments from "../Arguments/Seq2SeqArguments.ts"
import { attach, load } from "../Checkpoint/GenerationConfigFile.ts"
import * as Collator from "../Data/Collators.ts"
import { InvalidTask } from "../Driver/Errors.ts"
import type { Write } from "../Evaluation/CollectOptions.ts"
import * as Generation from "../Evaluation/Generation.ts"
import type { Config } from "../Model/Config.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformer } from "../Model/Transformer.ts"
import { perMicroBatch, trainer } from "../Step/Reduction.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import type { TrainerClass } from "./TrainerContext.ts"

/** The class `Seq2SeqTrainer`. */
export const seq2seq: TrainerClass<Generation.Input> = {
  settings: Object.keys(Generation.defaults) as ReadonlyArray<keyof Generation.Input>,
  read: Seq2SeqArguments.make,
  supported: (args) => Seq2SeqArguments.supported(args as Seq2SeqArguments.Seq2SeqArguments),
  parts: Effect.fnUntraced(function* (given: Arguments, plain: Model, tokenizer: Tokenizer | undefined) {
    const args = given as Seq2SeqArguments.Seq2SeqArguments
    const writes = isTransformer(plain) && plain.decode !== undefined
    const configured = yield* configurationOf(args.generationConfig)
    const model = writes && configured !== undefined ? yield* configuredAs(plain, configured) : plain
    const shared = {
      reduction: { ...trainer, evaluate: unweighted },
      ...(tokenizer?.special.pad === undefined ? {} : { dataCollator: Collator.seq2seqFor(tokenizer) })
    }
    if (!args.predictWithGenerate) return { model, ...shared }
    if (!isTransformer(model) || !writes)
      return yield* new InvalidTask({
        reason: "predict_with_generate is set, and the model does not generate. Give a transformer that does, or omit it."
      })
    const own = yield* followed(Generation.ofModel(model))
    const usual: Generation.Input = { ...own, padTokenId: own.padTokenId ?? tokenizer?.special.pad }
    const asked: Generation.Input = {
      maxLength: args.generationMaxLength ?? usual.maxLength,
      numBeams: args.generationNumBeams ?? usual.numBeams
    }
    const settings = yield* followed(settingsOf(usual, asked))
    const pad = tokenizer?.special.pad ?? tokenizer?.special.eos ?? settings.padTokenId ?? model.padTokenId
    if (pad === undefined)
      return yield* new InvalidTask({
        reason: "predict_with_generate is set, and there is no pad token. Set the model's pad_token_id, or give a tokenizer."
      })
    return { model, ...shared, ...writing(model, usual, { asked, pad }) }
  })
}

/**
 * Gives the settings of predictions, later ones before others.
 *
 * **Errors**: `InvalidGeneration`, also for several texts a row.
 */
export const settingsOf = (...inputs: ReadonlyArray<Generation.Input>) =>
  Result.flatMap(Generation.settings(...inputs), (settings) =>
    settings.numReturnSequences > 1 ? Result.fail(severalTexts()) : Result.succeed(settings)
  )

const severalTexts = () =>
  new Generation.InvalidGeneration({ field: "numReturnSequences", reason: "a prediction is one text a row." })

/**
 * Makes what a `Program` needs so that its predictions are texts: `settings` are a model's usual ones, and predictions and labels are as long as they allow;
 * `asked` go before them, and what a call says before those.
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
  const write: Write = Effect.fnUntraced(function* (weights, { labels: _, decoder_input_ids: __, ...batch }, called, key) {
    const chosen = Generation.merge(settings, asked, called)
    if ((chosen.numReturnSequences ?? 1) > 1) return yield* severalTexts()
    const { sequences } = yield* Generation.generate({ model, weights, batch, settings: chosen, key })
    return filled(sequences)
  })
  return { write, padLabels: filled }
}

/** Gives the length of predictions and labels, so that batches can be joined. **Source**: `prediction_step`, which uses the model's own configuration. */
const widthOf = (width: number, { maxLength, maxNewTokens }: Generation.Input): number => {
  const longest = maxLength ?? Generation.usualLength
  return width < longest || maxNewTokens == null ? longest : maxNewTokens + 1
}

const isTransformer = (model: Model): model is Transformer => "config" in model && "architecture" in model

/** Each batch counts alike. */
const unweighted: typeof trainer.evaluate = (loss) => perMicroBatch.evaluate(loss, 1)

/** Replaces settings of the model's generation config, which is saved with it. */
const configuredAs = (model: Transformer, given: Config) =>
  Effect.map(followed(Generation.ofModel(model)), (own) =>
    attach(model, { ...(model.generation ?? Generation.toJson(own)), ...given })
  )

/** Reads `generation_config`: an object, or the file, folder or repository that has one. */
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

/** Pads on the right. **Shapes**: `[rows, length]`. */
const padded = (tensor: HostTensor, length: number, filler: number): HostTensor => {
  const [rows, width] = tensor.shape as [number, number]
  if (width >= length) return tensor
  const data = Int32Array.from({ length: rows * length }, (_, i) =>
    i % length < width ? tensor.data[Math.floor(i / length) * width + (i % length)]! : filler
  )
  return { dtype: "int32", shape: [rows, length], data }
}
