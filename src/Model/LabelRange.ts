/** Checks that integer labels are classes, on the values that they had on the host: nothing is read back from the device. */
import { Schema } from "effect"
import { type HostTensors, hostValues, type Values } from "../Tensor/HostTensor.ts"
import type { Tensor } from "../Tensor/Tensor.ts"

/** A label that is neither a class nor the label that is ignored. */
export class LabelOutOfRange extends Schema.TaggedError<LabelOutOfRange>()("LabelOutOfRange", {
  label: Schema.Number,
  /** Its position in the batch. */
  row: Schema.Number,
  classes: Schema.Number,
  ignoreIndex: Schema.Number
}) {
  /** What is wrong, without the place. */
  get reason() {
    return outOfRange(this.label, this.classes, this.ignoreIndex)
  }
  override get message() {
    return `Row ${this.row} of the batch ${this.reason}.`
  }
}

/** Says what is wrong with a label. */
export const outOfRange = (label: number, classes: number, ignoreIndex: number | undefined): string =>
  `holds label ${label}, and the model has classes 0 to ${classes - 1}${ignoreIndex === undefined ? "" : `, or ${ignoreIndex} for none`}`

/** The labels that a loss checked, and their range. */
interface Checked {
  readonly values: Values
  readonly classes: number
  readonly ignoreIndex: number
}

/** The range of the labels in a field of a batch. */
export interface FieldRange extends Omit<Checked, "values"> {
  readonly field: string
}

/** Where `check` records what it checks, while `recorded` runs. */
let recorder: Array<Checked> | undefined

/** Runs a function, and returns its result and the range of each field of the batch whose labels were checked in it. */
export const recorded = <A>(batch: HostTensors, run: () => A): readonly [A, ReadonlyArray<FieldRange>] => {
  const outer = recorder
  const found: Array<Checked> = []
  recorder = found
  try {
    const result = run()
    const ranges = Object.entries(batch).flatMap(([field, { data }]) => {
      const checked = found.find(({ values }) => values === data)
      return checked === undefined ? [] : [{ field, classes: checked.classes, ignoreIndex: checked.ignoreIndex }]
    })
    return [result, ranges]
  } finally {
    recorder = outer
  }
}

/**
 * Checks labels whose host values are known: those of a batch, reshaped or not. Labels that were computed on the device pass.
 *
 * **Errors**: throws `LabelOutOfRange`.
 */
export const check = (labels: Tensor, classes: number, ignoreIndex: number): void => {
  const values = hostValues(labels)
  if (values === undefined) return
  recorder?.push({ values, classes, ignoreIndex })
  for (let at = 0; at < values.length; at++) {
    const label = values[at]!
    if ((Number.isInteger(label) && label >= 0 && label < classes) || label === ignoreIndex) continue
    throw new LabelOutOfRange({ label, row: Math.floor((at * (labels.shape[0] ?? 1)) / values.length), classes, ignoreIndex })
  }
}
