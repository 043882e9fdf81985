/** The generated types of the arguments are those of the table of fields. */
import type { Arguments, Seq2SeqArguments } from "regimen"
import { expectTypeOf, it } from "vitest"
import type { fields, seq2seq } from "../../src/Arguments/Fields.ts"
import type * as FieldTable from "../../src/Arguments/FieldTable.ts"

type Flat<A> = { [K in keyof A]: A[K] }

it("types input and validated arguments as the table of fields does", () => {
  expectTypeOf<Arguments.Input>().toEqualTypeOf<FieldTable.Input<typeof fields>>()
  expectTypeOf<Arguments.Arguments>().toEqualTypeOf<FieldTable.Values<typeof fields>>()
})

it("types sequence-to-sequence arguments as the table of fields does", () => {
  expectTypeOf<Flat<Seq2SeqArguments.Input>>().toEqualTypeOf<FieldTable.Input<typeof seq2seq>>()
  expectTypeOf<Flat<Seq2SeqArguments.Seq2SeqArguments>>().toEqualTypeOf<FieldTable.Values<typeof seq2seq>>()
})
