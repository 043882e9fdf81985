/** Arguments through JSON and through flags are the same arguments. */
import { Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { toCamel } from "../../src/Arguments/ArgumentNames.ts"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Deprecated from "../../src/Arguments/Deprecated.ts"
import type { Field } from "../../src/Arguments/Field.ts"
import { fields, seq2seq } from "../../src/Arguments/Fields.ts"
import * as Flags from "../../src/Arguments/Flags.ts"
import * as Removed from "../../src/Arguments/Removed.ts"
import { some, valid, valueOf } from "../../src/Testing/ArgumentArbitraries.ts"

const made = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))

/** Tokens stay behind when arguments are written. */
const secrets = { hubToken: null, pushToHubToken: null }

it("toJson and fromJson give arguments back", () => {
  fc.assert(
    fc.property(valid, (input) => {
      const args = made({ ...input, ...secrets })
      const json: unknown = JSON.parse(JSON.stringify(Arguments.toJson(args)))
      expect(made(Result.getOrThrow(Arguments.fromJson(json)).input)).toEqual(args)
    }),
    { numRuns: 500 }
  )
})

/** The words of a value, where words can say it: a text that reads as another value, or a list of nothing, cannot be written. */
const wordsOf = (flag: string, field: Field<unknown>, value: unknown, attach: boolean): ReadonlyArray<string> | undefined => {
  if (value === null && field.kind !== "number" && field.kind !== "boolean") return undefined
  if (Array.isArray(value)) return value.length === 0 ? undefined : [flag, ...value]
  if (typeof value === "string" && !attach && value.startsWith("--")) return undefined
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value)
  return attach ? [`${flag}=${text}`] : [flag, text]
}

it("flags give arguments back, whatever way they are written in", () => {
  fc.assert(
    fc.property(valid, fc.boolean(), fc.boolean(), fc.boolean(), (input, attach, dashes, bare) => {
      const given: Record<string, unknown> = {}
      const words = Arguments.names.flatMap((name) => {
        const value = input[toCamel(name)]
        if (value === undefined) return []
        const flag = `--${dashes && name !== "log_level" ? name.replaceAll("_", "-") : name}`
        const plain = bare && typeof value === "boolean" && fields[name].kind === "boolean"
        const written = plain ? [value ? flag : flag.replace("--", "--no_")] : wordsOf(flag, fields[name], value, attach)
        if (written !== undefined) given[toCamel(name)] = value
        return written ?? []
      })
      fc.pre(Result.isSuccess(Arguments.make(given as Arguments.Input)))
      const read = Result.getOrThrow(Flags.split(["train", ...words, "--json"]))
      expect(read.rest).toEqual(["train", "--json"])
      expect(made(read.input)).toEqual(made(given as Arguments.Input))
    }),
    { numRuns: 500 }
  )
})

it("never throws, whatever the words are", () => {
  const flags = [...Object.keys(seq2seq), ...Removed.names].map((name) => `--${name}`)
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...flags))), (words) => {
      for (const split of [Flags.split(words), Flags.splitBy(seq2seq, words)]) {
        if (Result.isSuccess(split)) Arguments.make(split.success.input)
        else expect(split.failure.message).not.toBe("")
      }
    }),
    { numRuns: 1000 }
  )
})

it("never throws, whatever the JSON is, and says by name what is wrong", () => {
  const json = fc
    .uniqueArray(fc.constantFrom(...Arguments.names, ...Removed.names, "nonsense"), { maxLength: 4 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, fc.jsonValue()]))))
  fc.assert(
    fc.property(json, (json) => {
      const read = Result.flatMap(Arguments.fromJson(json), ({ input }) => Arguments.make(input))
      if (Result.isSuccess(read)) return
      expect(read.failure._tag).toMatch(/^(UnknownArgument|InvalidArgument|ContradictoryArguments|NotSupported)$/)
      expect(read.failure.message).not.toMatch(/undefined|\[object/)
    }),
    { numRuns: 1000 }
  )
})

it("what deprecated arguments mean is in place, and is put there once", () => {
  fc.assert(
    fc.property(valid, (input) => {
      const args = made(input)
      expect(Deprecated.apply(args)).toEqual(args)
      expect(made(args)).toEqual(args)
    }),
    { numRuns: 300 }
  )
})

it("a value asks for what is not there, or it does not: no value fails to be asked", () => {
  for (const [name, field] of Object.entries(seq2seq) as ReadonlyArray<readonly [string, Field<unknown>]>) {
    fc.assert(
      fc.property(valueOf(field), (value) => {
        const feature = field.missingFeature?.(field.read === undefined ? value : field.read(value))
        if (feature !== undefined) expect([name, feature.missing, feature.instead]).not.toContain("")
      })
    )
  }
})

it("dictionaries hold no secret, and sanitized ones only numbers, texts, true and false", () => {
  fc.assert(
    fc.property(some, (input) => {
      const args = Arguments.make({ ...input, hubToken: "hf_secret" })
      fc.pre(Result.isSuccess(args))
      expect(Arguments.toJsonString(args.success)).not.toContain("hf_secret")
      for (const value of Object.values(Arguments.toSanitizedDict(args.success)))
        expect(["boolean", "number", "string"]).toContain(typeof value)
    }),
    { numRuns: 300 }
  )
})
