/** Whether a checkpoint's tensors are those of the model: their names and shapes. */
import { Effect, Schema } from "effect"

/** Shapes by dotted path: host tensors and device tensors are both of this kind. */
export type Shapes = Readonly<Record<string, { readonly shape: ReadonlyArray<number> }>>

/** The checkpoint is one of another model. */
export class WrongCheckpoint extends Schema.TaggedError<WrongCheckpoint>()("WrongCheckpoint", {
  step: Schema.NullOr(Schema.Number),
  /** What was compared: `parameters`, `buffers` or `slots`. */
  group: Schema.String,
  missing: Schema.Array(Schema.String),
  unexpected: Schema.Array(Schema.String),
  misshapen: Schema.Array(
    Schema.Struct({ path: Schema.String, expected: Schema.Array(Schema.Number), found: Schema.Array(Schema.Number) })
  )
}) {
  override get message() {
    const which = this.step === null ? "The checkpoint" : `Checkpoint ${this.step}`
    const faults = [
      ...this.misshapen.map(({ path, expected, found }) => `${path} has shape [${found}] where the run's has [${expected}]`),
      ...this.missing.map((path) => `${path} is missing`),
      ...this.unexpected.map((path) => `${path} is not in the run`)
    ]
    const more = faults.length > shown ? `; and ${faults.length - shown} more` : ""
    return `${which} is not of this run: its ${this.group} differ. ${faults.slice(0, shown).join("; ")}${more}. Train with the model and optimizer that wrote it, or choose another output folder.`
  }
}

/** Compares what the run expects with what the checkpoint holds, and lists every difference by path. */
export const check = (options: {
  readonly step: number | null
  readonly group: "parameters" | "buffers" | "slots"
  readonly expected: Shapes
  readonly found: Shapes
}): Effect.Effect<void, WrongCheckpoint> => {
  const { step, group, expected, found } = options
  const missing = Object.keys(expected).filter((path) => !Object.hasOwn(found, path))
  const unexpected = Object.keys(found).filter((path) => !Object.hasOwn(expected, path))
  const misshapen = Object.entries(expected).flatMap(([path, { shape }]) => {
    const other = Object.hasOwn(found, path) ? found[path]!.shape : shape
    return shape.join() === other.join() ? [] : [{ path, expected: shape, found: other }]
  })
  return missing.length + unexpected.length + misshapen.length === 0
    ? Effect.void
    : Effect.fail(new WrongCheckpoint({ step, group, missing, unexpected, misshapen }))
}

/** Differences that a message lists. */
const shown = 5
