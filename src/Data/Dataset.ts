/** A dataset is a pure function of an index: rows can be asked for in any order, again and again. */
import { type Effect, Schema } from "effect"

export class DataError extends Schema.TaggedError<DataError>()("DataError", {
  /** Row where it was found, or null when it is not about one row. */
  row: Schema.NullOr(Schema.Number),
  reason: Schema.String
}) {
  override get message() {
    return this.row === null ? this.reason : `row ${this.row}: ${this.reason}`
  }
}

export interface Dataset<A> {
  /** Rows. */
  readonly size: number
  /** Gives the rows at these indices, in this order. **Errors**: `DataError` names the row that could not be read. */
  readonly rows: (indices: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<A>, DataError>
}
