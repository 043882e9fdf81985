/** Errors of arguments: an unknown name, an invalid value, a contradiction, or a value that is not supported. All are found before step 0. */
import { Schema } from "effect"

export class UnknownArgument extends Schema.TaggedError<UnknownArgument>()("UnknownArgument", {
  argument: Schema.String,
  suggestion: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    const hint = this.suggestion === undefined ? "" : ` Did you mean ${this.suggestion}?`
    return `There is no argument ${this.argument}.${hint}`
  }
}

export class InvalidArgument extends Schema.TaggedError<InvalidArgument>()("InvalidArgument", {
  argument: Schema.String,
  value: Schema.Unknown,
  expected: Schema.String
}) {
  override get message(): string {
    const value = this.value === undefined ? "missing" : JSON.stringify(this.value)
    return `${this.argument} is ${value}; it must be ${this.expected}.`
  }
}

export class ContradictoryArguments extends Schema.TaggedError<ContradictoryArguments>()("ContradictoryArguments", {
  names: Schema.Array(Schema.String),
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }
}

/** A valid argument whose value is not supported. */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", {
  argument: Schema.String,
  value: Schema.Unknown,
  missing: Schema.String,
  instead: Schema.String
}) {
  override get message(): string {
    return `${this.argument} is ${JSON.stringify(this.value)}, which needs ${this.missing}. ${this.instead}`
  }
}

export type ArgumentsError = UnknownArgument | InvalidArgument | ContradictoryArguments | NotSupported
