/** The page's Seq2SeqTrainer: a Trainer whose predictions are texts that the model writes. */
import { Effect } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import { InvalidArgument } from "../Arguments/Arguments.ts"
import * as Seq2SeqArguments from "../Arguments/Seq2SeqArguments.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformer } from "../Model/Transformer.ts"
import { perMicroBatch, trainer } from "../Step/Reduction.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import { tf } from "../Tensor/Tensor.ts"
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
  parts: Effect.fnUntraced(function* (given: Arguments, model: Model) {
    const args = given as Seq2SeqArguments.Seq2SeqArguments
    const reduction = { ...trainer, evaluate: unweighted }
    if (!args.predictWithGenerate) return { reduction }
    if (!isTransformer(model) || model.decode === undefined)
      return yield* new InvalidTask({
        reason: "predict_with_generate is set, and the model writes no texts. Give a transformer that does, or leave it out."
      })
    const usual = yield* settingsOf(args.generationConfig)
    const most = usual.maxLength ?? Generation.defaults.maxLength
    const pad = usual.padTokenId ?? Generation.ofConfig(model).padTokenId ?? 0
    const asked: Generation.Input = {
      ...(args.generationMaxLength === null ? {} : { maxLength: args.generationMaxLength }),
      ...(args.generationNumBeams === null ? {} : { numBeams: args.generationNumBeams })
    }
    const write: Write = (weights, { labels: _, decoder_input_ids: __, ...batch }, settings) =>
      Effect.map(Generation.generate({ model, weights, batch, settings: { ...usual, ...asked, ...settings } }), ({ sequences }) =>
        padded(sequences, most, pad)
      )
    return { reduction, write, padLabels: (labels: HostTensor) => padded(labels, most, pad) }
  })
}

const isTransformer = (model: Model): model is Transformer => "config" in model && "architecture" in model

/** Each batch counts alike. */
const unweighted: typeof trainer.evaluate = (loss) => ({ ...perMicroBatch.evaluate(loss, 1), count: tf.scalar(1) })

/** What `generation_config` says: an object, or a file or folder that has one. */
const settingsOf = Effect.fnUntraced(function* (given: Seq2SeqArguments.Seq2SeqArguments["generationConfig"]) {
  if (given === null) return {} satisfies Generation.Input
  const wrong = (expected: string) => new InvalidArgument({ argument: "generation_config", value: given, expected })
  if (typeof given === "string") return yield* wrong("an object here: read the file, and give what it holds")
  return yield* Effect.mapError(Effect.fromResult(Generation.fromJson(given)), ({ message }) =>
    wrong(`a configuration that can be followed (${message})`)
  )
})

/** Filled up on the right. **Shapes**: `[rows, length]`. */
const padded = (tensor: HostTensor, length: number, filler: number): HostTensor => {
  const [rows, width] = tensor.shape as [number, number]
  if (width >= length) return tensor
  const data = Int32Array.from({ length: rows * length }, (_, i) =>
    i % length < width ? tensor.data[Math.floor(i / length) * width + (i % length)]! : filler
  )
  return { dtype: "int32", shape: [rows, length], data }
}
