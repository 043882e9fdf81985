/** Checks of a batch on the host, before it reaches a device: an out-of-range token would read foreign memory there. */
import type { HostTensors } from "../Tensor/HostTensor.ts"
import { type FieldRange, outOfRange } from "./LabelRange.ts"
import type { Fault } from "./Model.ts"

export type Check = (batch: HostTensors) => Fault | undefined

/**
 * Combines checks; the result is the first fault found.
 *
 * @example
 * ```ts
 * import { HostTensor } from "regimen/nn"
 * import { Checks } from "regimen/transformers"
 * import assert from "node:assert/strict"
 *
 * const check = Checks.all([Checks.tokens("input_ids", 10), Checks.length("input_ids", 4)])
 * assert.equal(check({ input_ids: HostTensor.fromArray([[1, 9]], "int32") }), undefined)
 * assert.equal(check({ input_ids: HostTensor.fromArray([[1, 9], [10, 0]], "int32") })?.row, 1)
 * ```
 */
export const all =
  (checks: ReadonlyArray<Check>): Check =>
  (batch) => {
    for (const check of checks) {
      const fault = check(batch)
      if (fault !== undefined) return fault
    }
    return undefined
  }

/** Checks that tokens are in a vocabulary of this size. */
export const tokens = (field: string, vocabulary: number): Check =>
  integersBelow(
    field,
    vocabulary,
    undefined,
    (token) => `has token ${token}, and the model's vocabulary is 0 to ${vocabulary - 1}`
  )

/** Checks that labels are classes, or -100 if that is `ignorable`. */
export const classes = (field: string, count: number, ignorable: boolean): Check =>
  labels({ field, classes: count, ignoreIndex: ignorable ? -100 : undefined })

/** Refuses labels that are neither a class nor the one that is ignored. */
export const labels = ({
  classes,
  field,
  ignoreIndex
}: Omit<FieldRange, "ignoreIndex"> & { readonly ignoreIndex: number | undefined }): Check =>
  integersBelow(field, classes, ignoreIndex, (label) => outOfRange(label, classes, ignoreIndex))

/** Checks that sequences are not longer than the model's positions. **Unit**: tokens. */
export const length =
  (field: string, positions: number): Check =>
  (batch) => {
    const tokens = batch[field]?.shape[1] ?? 0
    return tokens <= positions
      ? undefined
      : { row: 0, field, reason: `is ${tokens} tokens long, and the model has ${positions} positions: truncate it` }
  }

const integersBelow =
  (field: string, count: number, ignored: number | undefined, reason: (value: number) => string): Check =>
  (batch) => {
    const tensor = batch[field]
    if (tensor === undefined) return undefined
    const { data, shape } = tensor
    for (let at = 0; at < data.length; at++) {
      const value = data[at]!
      if ((Number.isInteger(value) && value >= 0 && value < count) || value === ignored) continue
      return { row: Math.floor((at * (shape[0] ?? 1)) / data.length), field, reason: reason(value) }
    }
    return undefined
  }
