/** The arguments that a model card lists. */
import * as Arguments from "../../Arguments/Arguments.ts"
import * as PythonNumbers from "../../Format/PythonNumbers.ts"

/** Lists the hyperparameters of a training as names and texts, without those that have no effect. **Source**: `extract_hyperparameters_from_trainer`. */
export const list = (args: Arguments.Arguments): ReadonlyArray<readonly [name: string, value: string]> => {
  const rows = Arguments.trainBatchSize(args)
  const accumulation = args.gradientAccumulationSteps
  const given = (
    name: string,
    value: number,
    none: number,
    text: (value: number) => string = String
  ): ReadonlyArray<readonly [string, string]> => (value === none ? [] : [[name, text(value)]])
  return [
    ["learning_rate", PythonNumbers.float(args.learningRate)],
    ["train_batch_size", String(rows)],
    ["eval_batch_size", String(Arguments.evalBatchSize(args))],
    ["seed", String(args.seed)],
    ...given("gradient_accumulation_steps", accumulation, 1),
    ...given("total_train_batch_size", rows * accumulation, rows),
    ["optimizer", optimizer(args)],
    ["lr_scheduler_type", args.lrSchedulerType],
    ...given("lr_scheduler_warmup_ratio", args.warmupRatio, 0, PythonNumbers.float),
    ...given("lr_scheduler_warmup_steps", args.warmupSteps, 0),
    args.maxSteps > 0 ? ["training_steps", String(args.maxSteps)] : ["num_epochs", String(args.numTrainEpochs)],
    ...given("label_smoothing_factor", args.labelSmoothingFactor, 0, PythonNumbers.float)
  ]
}

const optimizer = ({ adamBeta1, adamBeta2, adamEpsilon, optim, optimArgs }: Arguments.Arguments): string =>
  [
    optim,
    ...(optim.includes("adam")
      ? [
          `betas=(${PythonNumbers.float(adamBeta1)},${PythonNumbers.float(adamBeta2)})`,
          `epsilon=${PythonNumbers.float(adamEpsilon)}`
        ]
      : []),
    optimArgs === null || optimArgs === "" ? "no further arguments" : String(optimArgs)
  ].join(", ")
