/** Errors of a task's data and model. All are found before step 0. */
import { Schema } from "effect"

/** An unknown task. */
export class UnknownTask extends Schema.TaggedError<UnknownTask>()("UnknownTask", {
  task: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no task "${this.task}". Tasks are ${this.known.join(", ")}.`
  }
}

/** Missing or empty data, or a missing setting. */
export class NoTaskData extends Schema.TaggedError<NoTaskData>()("NoTaskData", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** A file without a required column. */
export class NoSuchColumn extends Schema.TaggedError<NoSuchColumn>()("NoSuchColumn", {
  file: Schema.String,
  wanted: Schema.String,
  there: Schema.Array(Schema.String),
  flag: Schema.String
}) {
  override get message() {
    return `${this.file} has no column ${this.wanted}; it has ${this.there.join(", ")}. Name the right one with --${this.flag}.`
  }
}

/** A value of the wrong type or content in a column. */
export class InvalidRow extends Schema.TaggedError<InvalidRow>()("InvalidRow", {
  file: Schema.String,
  row: Schema.Number,
  column: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}, row ${this.row}, column "${this.column}": ${this.reason}.`
  }
}

/** A label that neither the model nor the training data has. */
export class UnknownLabel extends Schema.TaggedError<UnknownLabel>()("UnknownLabel", {
  file: Schema.String,
  row: Schema.Number,
  label: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const known = `${this.known.slice(0, 20).join(", ")}${this.known.length > 20 ? ", ..." : ""}`
    return `${this.file}, row ${this.row}: the label "${this.label}" is not known; labels are ${known}. Give it to the training data, or take the row out.`
  }
}

/** A model type without a head for the task. */
export class NoHead extends Schema.TaggedError<NoHead>()("NoHead", {
  model: Schema.String,
  modelType: Schema.String,
  task: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The model in ${this.model} is of the type "${this.modelType}", which has no head for ${this.task}. Models for it are ${this.known.join(", ")}.`
  }
}

/** A head with another number of labels than the data. */
export class OtherLabels extends Schema.TaggedError<OtherLabels>()("OtherLabels", {
  model: Schema.String,
  there: Schema.Number,
  wanted: Schema.Number
}) {
  override get message() {
    return `The model in ${this.model} tells ${this.there} labels apart, and the data have ${this.wanted}. Pass --ignore_mismatched_sizes to begin its head anew.`
  }
}
