/** A Hugging Face `config.json`, read field by field: its names and its defaults, and an error that names the field that is wrong. */
import { Result, Schema } from "effect"
import { type Activation, byName } from "./Activation.ts"

export type Config = Readonly<Record<string, unknown>>

export class InvalidConfig extends Schema.TaggedError<InvalidConfig>()("InvalidConfig", {
  field: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The model's config is not valid: "${this.field}" ${this.reason}.`
  }
}

/** **Errors**: every function throws `InvalidConfig` for a value of another kind; null is as good as absent. */
export interface ConfigReader {
  readonly config: Config
  /** A whole number from 1 on. */
  readonly size: (field: string, otherwise: number) => number
  readonly number: (field: string, otherwise: number) => number
  /** A share of elements: at least 0 and less than 1. */
  readonly rate: (field: string, otherwise: number) => number
  readonly text: (field: string, otherwise: string) => string
  readonly flag: (field: string, otherwise: boolean) => boolean
  /** A token's number, or null. */
  readonly token: (field: string, otherwise: number | null) => number | null
  /** **Errors**: throws `UnknownActivation`. */
  readonly activation: (field: string, otherwise: string) => Activation
  /** Refuses a field that is there with another value than this one. */
  readonly only: (field: string, value: unknown) => void
  /** Classes: as many as `id2label` names, or `num_labels`; 2 without either. */
  readonly labels: () => number
}

/** Reads a config. */
export const reader = (config: Config): ConfigReader => {
  const read =
    <A>(kind: string, is: (value: unknown) => value is A) =>
    <B>(field: string, otherwise: B): A | B => {
      const value = config[field] ?? undefined
      if (value === undefined) return otherwise
      if (!is(value)) throw new InvalidConfig({ field, reason: `is ${JSON.stringify(value)} and must be ${kind}` })
      return value
    }
  const size = read("a whole number from 1 on", (value): value is number => Number.isSafeInteger(value) && (value as number) > 0)
  const token = read("a token's number", (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0)
  const text = read("a text", (value): value is string => typeof value === "string")
  const rate = read(
    "at least 0 and less than 1",
    (value): value is number => typeof value === "number" && value >= 0 && value < 1
  )
  return {
    config,
    size,
    token,
    text,
    rate,
    number: read("a number", (value): value is number => typeof value === "number" && Number.isFinite(value)),
    flag: read("true or false", (value): value is boolean => typeof value === "boolean"),
    activation: (field, otherwise) => Result.getOrThrow(byName(text(field, otherwise))),
    only: (field, value) => {
      const found = config[field] ?? value
      if (found !== value)
        throw new InvalidConfig({
          field,
          reason: `is ${JSON.stringify(found)}, and only ${JSON.stringify(value)} is known`
        })
    },
    labels: () => {
      const names = config.id2label
      return typeof names === "object" && names !== null ? Object.keys(names).length : size("num_labels", 2)
    }
  }
}

/** Refuses a width that the heads cannot share evenly. **Errors**: throws `InvalidConfig`. */
export const divides = (field: string, parts: number, whole: number): void => {
  if (whole % parts !== 0) throw new InvalidConfig({ field, reason: `is ${parts}, which does not divide ${whole}` })
}
