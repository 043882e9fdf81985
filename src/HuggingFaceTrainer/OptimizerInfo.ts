/** The Trainer's methods about its parameters and its optimizer. */
import { Effect, Ref } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import * as Compile from "../Arguments/Compile.ts"
import * as Scheduler from "../Arguments/Scheduler.ts"
import { trainableOf } from "../Model/Model.ts"
import type { Transformation } from "../Optimizer/Transformation.ts"
import { matrices } from "../Optimizer/WeightDecay.ts"
import * as Horizon from "../Schedule/Horizon.ts"
import { initial } from "../TrainerState.ts"
import { current, type TrainerContext } from "./TrainerContext.ts"

/** The optimizer: the user's, or that of the arguments. */
export const createOptimizer = <A, E, R>({ args, options }: TrainerContext<A, E, R>): Transformation =>
  options.optimizers?.[0] ?? Compile.optimizer(args)

/** The learning rate of each update, by the updates before it, in a run of so many updates. */
export const createScheduler = <A, E, R>({ args, options }: TrainerContext<A, E, R>, numTrainingSteps: number) => {
  const horizon = Horizon.make({ batchesPerEpoch: Math.max(1, numTrainingSteps), maxSteps: numTrainingSteps })
  const own = options.optimizers?.[1]
  const schedule =
    own === undefined || own === null
      ? Effect.fromResult(
          Scheduler.make(args.lrSchedulerType, args.lrSchedulerKwargs, {
            peak: args.learningRate,
            warmup: Compile.getWarmupSteps(args, numTrainingSteps),
            total: numTrainingSteps,
            metric: "eval_loss"
          })
        )
      : Effect.succeed(own)
  return Effect.map(
    schedule,
    (schedule) =>
      (step: number): number =>
        schedule({ ...initial, step }, horizon)
  )
}

/** A group of parameters that are updated alike. */
export interface OptimizerGroup {
  readonly parameters: ReadonlyArray<string>
  readonly weightDecay: number
}

const trainedPaths = Effect.fnUntraced(function* <A, E, R>({ ref, model, options }: TrainerContext<A, E, R>) {
  const { weights } = yield* Ref.get(ref)
  return Object.keys(weights.parameters).filter(trainableOf(model, options.trainable))
})

/** The parameters that decay, by path. */
export const getDecayParameterNames = <A, E, R>({ ref }: TrainerContext<A, E, R>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(Ref.get(ref), ({ weights }) => Object.keys(weights.parameters).filter(matrices()))

/** The groups of parameters, those that decay first. */
export const optimizerGroups = <A, E, R>(context: TrainerContext<A, E, R>): Effect.Effect<ReadonlyArray<OptimizerGroup>> =>
  Effect.map(trainedPaths(context), (paths) => {
    const decays = matrices()
    return [
      { parameters: paths.filter(decays), weightDecay: context.args.weightDecay },
      { parameters: paths.filter((path) => !decays(path)), weightDecay: 0 }
    ]
  })

/** The group of a parameter; undefined where it is not trained. */
export const getOptimizerGroup = <A, E, R>(context: TrainerContext<A, E, R>, path: string) =>
  Effect.map(optimizerGroups(context), (groups) => groups.find(({ parameters }) => parameters.includes(path)))

/** The learning rate of the last update, for each group; in a training that of the next, as after Python's scheduler has stepped. */
export const getLearningRates = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>) {
  const { running, state } = yield* current(context)
  const learningRate = running?.at(state).learningRate ?? state.lastUpdate.learningRate
  return (yield* optimizerGroups(context)).map(() => learningRate)
})

/** How many numbers are trained. */
export const getNumTrainableParameters = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>) {
  const { weights } = yield* Ref.get(context.ref)
  const paths = yield* trainedPaths(context)
  return paths.reduce((sum, path) => sum + weights.parameters[path]!.data.length, 0)
})

/** The optimizer's name, and the figures that the arguments give it. */
export const getOptimizerClsAndKwargs = (args: Arguments) => ({
  optim: args.optim,
  kwargs: {
    lr: args.learningRate,
    weightDecay: args.weightDecay,
    betas: [args.adamBeta1, args.adamBeta2] as const,
    eps: args.adamEpsilon
  }
})
