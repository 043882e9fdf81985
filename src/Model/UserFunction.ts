/** Calls functions that the user passed. What they throw is an error that names the function, not the model or the device that it ran on. */
import { Result } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { isOutOfMemory } from "../Tensor/OutOfMemory.ts"
import { LabelOutOfRange } from "./LabelRange.ts"
import { FunctionFailed, MissingField } from "./Model.ts"

/** Calls a function of the user. **Errors**: throws `FunctionFailed`; rethrows a `MissingField`, a `LabelOutOfRange` and an out-of-memory error. */
export const call = <A>(name: string, f: () => A): A => {
  try {
    return f()
  } catch (cause) {
    if (cause instanceof MissingField || cause instanceof LabelOutOfRange || isOutOfMemory(cause)) throw cause
    throw new FunctionFailed({ function: name, reason: messageOf(cause) })
  }
}

/** Converts a thrown `FunctionFailed` or `LabelOutOfRange` to a failure; rethrows all else. */
export const toResult = <A>(run: () => A): Result.Result<A, FunctionFailed | LabelOutOfRange> => {
  try {
    return Result.succeed(run())
  } catch (cause) {
    if (cause instanceof FunctionFailed || cause instanceof LabelOutOfRange) return Result.fail(cause)
    throw cause
  }
}
