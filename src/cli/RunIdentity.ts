/** The arguments that are recorded of a run, and the identity of a run. */
import { Effect } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as TaskFlags from "./TaskFlags.ts"

/** Returns the arguments that a resumed run uses: all but the output folder and how it starts. */
export const of = (args: Arguments.Arguments): Readonly<Record<string, unknown>> => {
  const {
    output_dir: _,
    overwrite_output_dir: __,
    resume_from_checkpoint: ___,
    disable_tqdm: ____,
    ...rest
  } = Arguments.toJson(args)
  return rest
}

/** Returns the identity of a run: its arguments without the phases, and its task's settings. */
export const identity = Effect.fnUntraced(function* (
  args: Readonly<Record<string, unknown>>,
  task: TaskFlags.TaskOptions | undefined
) {
  const { do_train: _, do_eval: __, do_predict: ___, ...rest } = args
  return { ...rest, ...(task === undefined ? {} : yield* TaskFlags.recordOf(task)) }
})
