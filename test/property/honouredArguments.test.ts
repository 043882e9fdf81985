/** No argument without a case: what the table of arguments says of each, refused, idle or honoured, is what the cases show. */
import { expect, it } from "@effect/vitest"
import { Result } from "effect"
import { toCamel } from "../../src/Arguments/ArgumentNames.ts"
import type { Field } from "../../src/Arguments/Field.ts"
import { seq2seq } from "../../src/Arguments/Fields.ts"
import * as Seq2SeqArguments from "../../src/Arguments/Seq2SeqArguments.ts"
import * as Command from "../support/honoured/command.ts"
import * as Evaluation from "../support/honoured/evaluation.ts"
import * as Inert from "../support/honoured/inert.ts"
import * as Seq2Seq from "../support/honoured/seq2seq.ts"
import * as Training from "../support/honoured/training.ts"

const table: Readonly<Record<string, Field<unknown>>> = seq2seq

const shown = [...Training.cases, ...Evaluation.cases, ...Seq2Seq.cases].map(([name]) => name)
const names = [...shown, ...Command.cases.map(({ name }) => name)]

/** Values that are not the default. */
const others = ({ choices, default: initial, kind }: Field<unknown>): ReadonlyArray<unknown> => {
  if (choices !== undefined) return choices.filter((choice) => choice !== initial)
  switch (kind) {
    case "boolean":
      return [initial !== true]
    case "number":
      return [Number(initial) + 1]
    default:
      return ["x"]
  }
}

/** Whether a run that is asked for it is refused, by this name or by that of what it is called now. */
const isRefused = (name: string, value: unknown): boolean => {
  const made = Seq2SeqArguments.make({ [toCamel(name)]: value })
  return Result.isSuccess(made) && Result.isFailure(Seq2SeqArguments.supported(made.success))
}

const refused = (name: string, field: Field<unknown>): boolean =>
  field.onlyDefault === true || others(field).every((value) => isRefused(name, value))

it("every argument that is honoured has a case, and no other", () => {
  const honoured = Object.entries(table).flatMap(([name, field]) =>
    field.idle !== undefined || name in Inert.reasons || refused(name, field) ? [] : [name]
  )
  expect(honoured.length).toBeGreaterThan(70)
  expect(names.toSorted()).toEqual(honoured.toSorted())
})

it("what changes nothing says why, once, and has a case", () => {
  const idle = Object.keys(table).filter((name) => table[name]?.idle !== undefined || name in Inert.reasons)
  expect(Inert.cases.map(([name]) => name).toSorted()).toEqual(idle.toSorted())
  for (const [name, reason] of Object.entries(Inert.reasons)) {
    expect(table[name]?.idle).toBeUndefined()
    expect(table[name]?.missingFeature).toBeDefined()
    expect(reason).toMatch(/^[A-Z].*\.$/)
  }
  for (const { idle } of Object.values(table)) if (idle !== undefined) expect(idle).toMatch(/^[A-Z].*\.$/)
})

it("the words of a case differ in its argument alone", () => {
  for (const { name, one, other } of Command.cases)
    for (const words of [one, other]) expect(["", `--${name}`]).toContain(words[0] ?? "")
  for (const [name, input] of Inert.cases) expect(Object.keys(input)).toEqual([toCamel(name)])
  for (const [name, one, other] of [...Training.cases, ...Evaluation.cases, ...Seq2Seq.cases])
    for (const input of [one, other]) expect(Object.keys(input).filter((key) => key !== toCamel(name))).toEqual([])
})
