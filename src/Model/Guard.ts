/** Calls of functions that the user gave: what they throw names them, not the model or the device that they ran on. */
import { Result } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { isOutOfMemory } from "../Tensor/OutOfMemory.ts"
import { LabelOutOfRange } from "./LabelRange.ts"
import { FunctionFailed, MissingField } from "./Model.ts"

/** Calls a function that the user gave. **Errors**: throws `FunctionFailed`; a `MissingField`, and memory that has run out, as they are. */
export const guard = <A>(name: string, call: () => A): A => {
  try {
    return call()
  } catch (cause) {
    if (cause instanceof MissingField || cause instanceof LabelOutOfRange || isOutOfMemory(cause)) throw cause
    throw new FunctionFailed({ function: name, reason: messageOf(cause) })
  }
}

/** Returns what a guarded function threw, or a loss's refusal of a label, as a failure; throws all else. */
export const caught = <A>(run: () => A): Result.Result<A, FunctionFailed | LabelOutOfRange> => {
  try {
    return Result.succeed(run())
  } catch (cause) {
    if (cause instanceof FunctionFailed || cause instanceof LabelOutOfRange) return Result.fail(cause)
    throw cause
  }
}
