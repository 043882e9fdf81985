/** Named entities in sequences of tags: precision, recall and F1 of whole entities. **Unit**: 0 to 1. */

/** Tags of a row: `B-PER`, `I-PER`, `O`, or `E-` and `S-` where ends are marked. */
export type Tags = ReadonlyArray<string>

export interface Entity {
  readonly kind: string
  readonly first: number
  readonly last: number
}

/**
 * Finds the entities of a row. One begins at a `B-` or an `S-`, and where the kind changes; one goes on over `I-` and `E-` of its kind.
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
 * Scores predicted tags: all entities together, and the part of the tags that are right. A quotient 0 / 0 is 0.
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
export const score = (predicted: ReadonlyArray<Tags>, wanted: ReadonlyArray<Tags>) => {
  const sum = { right: 0, predicted: 0, wanted: 0, tags: 0, rightTags: 0 }
  for (const [row, tags] of wanted.entries()) {
    const guess = predicted[row] ?? []
    const [found, there] = [find(guess).map(key), new Set(find(tags).map(key))]
    sum.right += found.filter((entity) => there.has(entity)).length
    sum.predicted += found.length
    sum.wanted += there.size
    sum.tags += tags.length
    sum.rightTags += tags.filter((tag, at) => tag === guess[at]).length
  }
  const part = (above: number, below: number) => (below === 0 ? 0 : above / below)
  return {
    precision: part(sum.right, sum.predicted),
    recall: part(sum.right, sum.wanted),
    f1: part(2 * sum.right, sum.predicted + sum.wanted),
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
