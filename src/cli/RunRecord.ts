/** What a run's arguments are kept as, and what tells two runs apart. */
import { Effect } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as TaskFlags from "./TaskFlags.ts"

/** The arguments that a run goes on with: all but where it lives and how it starts. */
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

/** What makes a run what it is: its arguments but for the phases, and its task's settings. */
export const telling = Effect.fnUntraced(function* (args: Readonly<Record<string, unknown>>, task: TaskFlags.Asked | undefined) {
  const { do_train: _, do_eval: __, do_predict: ___, ...rest } = args
  return { ...rest, ...(task === undefined ? {} : yield* TaskFlags.recordOf(task)) }
})
