/** Named entities in sequences of tags: precision, recall and F1 of whole entities. **Unit**: 0 to 1. */

/** The tags of a row: `B-PER`, `I-PER`, `O`, also `E-` and `S-` of schemes that mark ends. */
export type Tags = ReadonlyArray<string>

export interface Entity {
  readonly kind: string
  readonly first: number
  readonly last: number
}

/**
 * Finds the entities of a row. An entity begins at `B-`, at `S-`, and at a change of the kind; `I-` and `E-` of its kind continue it.
 *
 * **Source**: `get_entities` of seqeval, as conlleval counts.
 *
 * @example
 * ```ts
 * import { Entities } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Entities.find(["B-PER", "I-PER", "O", "I-LOC"]), [
 *   { kind: "PER", first: 0, last: 1 },
 *   { kind: "LOC", first: 3, last: 3 }
 * ])
 * ```
 */
export const find = (tags: Tags): ReadonlyArray<Entity> => {
  const entities: Array<Entity> = []
  let first = 0
  let before = outside
  for (let at = 0; at <= tags.length; at++) {
    const tag = at < tags.length ? parse(tags[at]!) : outside
    if (ends(before, tag)) entities.push({ kind: before.kind, first, last: at - 1 })
    if (begins(before, tag)) first = at
    before = tag
  }
  return entities
}

/**
 * Scores predicted tags: precision, recall and F1 of all entities together, and the accuracy of tags. 0 / 0 is 0.
 *
 * @example
 * ```ts
 * import { Entities } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * const { f1, accuracy } = Entities.score([["B-PER", "O"]], [["B-PER", "B-LOC"]])
 * assert.deepEqual([f1, accuracy], [2 / 3, 1 / 2])
 * ```
 */
export const score = (predicted: ReadonlyArray<Tags>, labels: ReadonlyArray<Tags>) => {
  const sum = { right: 0, predicted: 0, labels: 0, tags: 0, rightTags: 0 }
  for (const [row, tags] of labels.entries()) {
    const predictedTags = predicted[row] ?? []
    const [predictions, entities] = [find(predictedTags).map(key), new Set(find(tags).map(key))]
    sum.right += predictions.filter((entity) => entities.has(entity)).length
    sum.predicted += predictions.length
    sum.labels += entities.size
    sum.tags += tags.length
    sum.rightTags += tags.filter((tag, at) => tag === predictedTags[at]).length
  }
  const part = (above: number, below: number) => (below === 0 ? 0 : above / below)
  return {
    precision: part(sum.right, sum.predicted),
    recall: part(sum.right, sum.labels),
    f1: part(2 * sum.right, sum.predicted + sum.labels),
    accuracy: part(sum.rightTags, sum.tags)
  }
}

interface Tag {
  readonly mark: string
  readonly kind: string
}

const outside: Tag = { mark: "O", kind: "" }

const key = ({ kind, first, last }: Entity) => `${first} ${last} ${kind}`

const parse = (tag: string): Tag => {
  const [, mark, kind] = /^([BIES])(?:-(.*))?$/s.exec(tag) ?? []
  return mark === undefined ? (tag === "O" ? outside : { mark: "I", kind: tag }) : { mark, kind: kind || "_" }
}

const ends = (before: Tag, tag: Tag): boolean => before.mark !== "O" && (tag.mark === "O" || begins(before, tag))

const begins = (before: Tag, tag: Tag): boolean =>
  tag.mark !== "O" &&
  (tag.mark === "B" ||
    tag.mark === "S" ||
    before.mark === "O" ||
    before.mark === "E" ||
    before.mark === "S" ||
    before.kind !== tag.kind)
