/** The messages of `regimen train` at the end of a run. */
import type * as Arguments from "../Arguments/Arguments.ts"
import * as Numbers from "../Format/Numbers.ts"
import type * as Phases from "./Phases.ts"

/** Lists the names of the arguments that differ between two runs. */
export const differing = (
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>
): ReadonlyArray<string> =>
  Object.keys({ ...left, ...right }).filter((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]))

/** Lists metrics as the end of a sentence. */
export const list = (metrics: Readonly<Record<string, number>>) =>
  Object.entries(metrics)
    .map(([name, value]) => `, ${name} ${Numbers.number(value)}`)
    .join("")

/** Describes a finished run and its files. */
export const finished = (run: {
  readonly name: string
  readonly folder: string
  readonly step: number
  readonly metrics: Readonly<Record<string, number>>
  readonly figures: boolean
}) => {
  const there = `model.safetensors${run.figures ? ", the log (log.jsonl) and the figures (figures/)" : " and the log (log.jsonl)"}`
  return `Finished ${run.name}: ${Numbers.thousands(run.step)} steps${list(run.metrics)}. In ${run.folder}: ${there}.`
}

/** Describes an interruption after the training, and how to continue. */
export const interruptedAfter = (folder: string, { evaluate, predict }: Phases.Phases) => {
  const rest = [...(evaluate ? ["--do_eval"] : []), ...(predict ? ["--do_predict"] : [])].join(" ")
  return `Interrupted after the training, which is saved in ${folder}. Run the same command with ${rest} and without --do_train to continue.`
}

/** Describes an interruption of the training, and how to continue. */
export const interrupted = (
  folder: string,
  { step, safe }: { readonly step: number; readonly safe: boolean },
  { overwriteOutputDir, resumeFromCheckpoint }: Arguments.Arguments
) => {
  if (!safe)
    return `Interrupted at step ${Numbers.thousands(step)}, and its state could not be saved; the last checkpoint in ${folder} is unchanged.`
  const command = overwriteOutputDir
    ? `\`regimen resume ${folder}\` (the same command has overwrite_output_dir)`
    : resumeFromCheckpoint !== null && resumeFromCheckpoint !== true
      ? `the same command with --resume_from_checkpoint ${folder}/checkpoint-${step}`
      : "the same command"
  return step === 0
    ? "Interrupted before the first update: there was nothing to save. Run the same command to start again."
    : `Interrupted at step ${Numbers.thousands(step)} and saved in ${folder}. Run ${command} to continue.`
}
