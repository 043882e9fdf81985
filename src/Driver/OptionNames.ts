/** Checks the names of options, and suggests the one that was most likely meant. */
import { Result } from "effect"
import { nearest, toCamel } from "../Arguments/ArgumentNames.ts"
import { InvalidTask } from "./Errors.ts"

/**
 * Checks that all options exist. `renamed` are other spellings, in camelCase, with what to suggest for each.
 *
 * **Errors**: fails with `InvalidTask` for the first unknown option.
 */
export const check = (
  subject: string,
  given: object,
  names: ReadonlyArray<string>,
  renamed: Readonly<Record<string, string>> = {}
): Result.Result<void, InvalidTask> => {
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return Result.void
  const camel = toCamel(unknown)
  const meant = renamed[camel] ?? nearest(camel, names)
  const hint = meant === undefined ? `There are: ${names.join(", ")}.` : `Did you mean ${meant}?`
  return Result.fail(new InvalidTask({ reason: `${subject} has no option ${unknown}. ${hint}` }))
}
