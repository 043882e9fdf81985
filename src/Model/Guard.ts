/** Calls of functions that the user gave: what they throw names them, not the model or the device that they ran on. */
import { Result } from "effect"
import { isOutOfMemory } from "../Tensor/OutOfMemory.ts"
import { FunctionFailed, MissingField } from "./Model.ts"

/** Calls a function that the user gave. **Errors**: throws `FunctionFailed`; a `MissingField`, and memory that has run out, as they are. */
export const guard = <A>(name: string, call: () => A): A => {
  try {
    return call()
  } catch (cause) {
    if (cause instanceof MissingField || isOutOfMemory(cause)) throw cause
    throw new FunctionFailed({ function: name, reason: cause instanceof Error ? cause.message : String(cause) })
  }
}

/** Gives what a guarded function threw as a value; throws all else. */
export const caught = <A>(run: () => A): Result.Result<A, FunctionFailed> => {
  try {
    return Result.succeed(run())
  } catch (cause) {
    if (cause instanceof FunctionFailed) return Result.fail(cause)
    throw cause
  }
}
