/** The labels of a classification task: names in order, and their ids. */
import { Effect } from "effect"
import { UnknownLabel } from "./Errors.ts"
import type { Base } from "./TaskModel.ts"

export interface Labels {
  readonly names: ReadonlyArray<string>
  readonly idOf: (label: string | number) => number | undefined
}

/**
 * Makes the label list from the training data, sorted. The model's own order is used if it has the same labels, or if nothing is trained.
 *
 * **Source**: `label_list` and `label_to_id` of run_glue.
 */
export const make = (found: Iterable<string | number> | undefined, { labels: saved }: Pick<Base, "labels">): Labels => {
  if (found === undefined) return of(saved ?? [])
  const names = [...new Set(found)].sort(order).map(String)
  const same = saved !== undefined && saved.length === names.length && names.every((name) => saved.includes(name))
  return of(same ? saved : names)
}

/** Gives the id of a row's label. **Errors**: `UnknownLabel`. */
export const id = ({ names, idOf }: Labels, label: string | number, file: string, row: number) => {
  const found = idOf(label)
  return found === undefined
    ? Effect.fail(new UnknownLabel({ file, row, label: String(label), known: names }))
    : Effect.succeed(found)
}

/** Makes labels from names. A numeric label is its own id if the model's labels are unnamed (`LABEL_0`). */
const of = (names: ReadonlyArray<string>): Labels => {
  const ids = new Map(names.map((name, id) => [name, id]))
  const unnamed = names.every((name, id) => name === `LABEL_${id}`)
  return {
    names,
    idOf: (label) =>
      ids.get(String(label)) ?? (unnamed && typeof label === "number" && label >= 0 && label < names.length ? label : undefined)
  }
}

const order = (a: string | number, b: string | number): number =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
