/** What a Trainer writes beside its checkpoints: the model, the state, results, a model card. */
import { Console, Effect, Path } from "effect"
import packageJson from "../../package.json" with { type: "json" }
import * as Arguments from "../Arguments/Arguments.ts"
import * as DurableFiles from "../Checkpoint/DurableFiles.ts"
import * as ResultFiles from "../Checkpoint/ResultFiles.ts"
import * as ShardedSafetensors from "../Checkpoint/ShardedSafetensors.ts"
import * as TrainerStateJson from "../Checkpoint/TrainerStateJson.ts"
import * as WeightFiles from "../Checkpoint/WeightFiles.ts"
import * as Results from "../Format/Results.ts"
import { filesOf } from "../Program/Program.ts"
import { tf } from "../Tensor/Tensor.ts"
import * as ModelCard from "./ModelCard.ts"
import { current, present, type TrainerContext } from "./TrainerContext.ts"

/** Writes the weights as `model.safetensors` (an adapter as `adapter_model.safetensors`), with the model's config, the tokenizer and the arguments, into a folder: the output folder by default. */
export const saveModel = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  outputDir = context.args.outputDir
) {
  const { args, model, options } = context
  const weights = yield* (yield* present(context)).onHost
  yield* DurableFiles.ensure((yield* Path.Path).resolve(outputDir))
  const parameters = WeightFiles.saved(model, weights.parameters)
  if (model.savedParameters === undefined) yield* ShardedSafetensors.save(outputDir, { ...parameters, ...weights.buffers })
  else yield* ShardedSafetensors.saveAdapter(outputDir, parameters)
  const files = filesOf({ ...options, model })
  yield* Effect.forEach(Object.entries(files), ([name, text]) => DurableFiles.replace(outputDir, name, text), { discard: true })
  yield* DurableFiles.replace(outputDir, "training_args.json", Arguments.toJsonString(args))
})

/** Writes `trainer_state.json` into the output folder. */
export const saveState = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>) {
  const { args } = context
  const { described, history, saved, state } = yield* current(context)
  const known = described === undefined ? {} : { trainerState: described(state, saved) }
  yield* DurableFiles.replace(
    args.outputDir,
    "trainer_state.json",
    TrainerStateJson.trainerState({ state, history, ...known }, args.outputDir)
  )
})

/** Writes the draft of a model card as `README.md` into the output folder. */
export const createModelCard = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  { modelName, ...metadata }: ModelCard.Metadata & { readonly modelName?: string } = {}
) {
  const { args } = context
  const path = yield* Path.Path
  const { history } = yield* current(context)
  const versions = { Regimen: packageJson.version, "TensorFlow.js": tf.version_core }
  const name = modelName ?? path.basename(path.resolve(args.outputDir))
  yield* DurableFiles.replace(args.outputDir, "README.md", ModelCard.render({ ...metadata, name, history, args, versions }))
})

/** Prints a split's metrics, aligned. */
export const logMetrics = (split: string, metrics: Results.Results): Effect.Effect<void> =>
  Console.log(Results.render(split, metrics).trimEnd())

export const saveMetrics = <A, E, R>(
  { args }: TrainerContext<A, E, R>,
  split: string,
  metrics: Results.Results,
  combined = true
): ReturnType<typeof ResultFiles.save> => ResultFiles.save(args.outputDir, split, metrics, { combined })
