/** What a tokenizer puts around one text or two: special tokens, and the type of each place. */
import { Result, Schema } from "effect"

/** A special token, or the place of the first (0) or second (1) text. */
export type Item = { readonly id: number; readonly type: number } | { readonly text: 0 | 1; readonly type: number }

export interface PostProcessor {
  readonly one: ReadonlyArray<Item>
  readonly pair: ReadonlyArray<Item>
}

/** Nothing around: the texts, one after the other. */
export const bare: PostProcessor = {
  one: [{ text: 0, type: 0 }],
  pair: [
    { text: 0, type: 0 },
    { text: 1, type: 1 }
  ]
}

/** Reads the `post_processor` of a tokenizer.json. Fails with what is not known of it. */
export const fromJson = (processor: unknown): Result.Result<PostProcessor, string> => {
  if (processor === null || processor === undefined) return Result.succeed(bare)
  const decoded = Schema.decodeUnknownResult(Processor)(processor)
  if (Result.isFailure(decoded)) return Result.fail(`its post_processor is not known: ${decoded.failure.message}`)
  return of(decoded.success)
}

/** The tokens that are added around one text, or around two. */
export const added = (items: ReadonlyArray<Item>): number => items.filter((item) => "id" in item).length

export interface Framed {
  readonly ids: Array<number>
  readonly types: Array<number>
  /** 1 where a token was added. */
  readonly special: Array<number>
}

/** Puts the texts' ids in their places. */
export const apply = (items: ReadonlyArray<Item>, texts: ReadonlyArray<ReadonlyArray<number>>): Framed => {
  const framed: Framed = { ids: [], types: [], special: [] }
  for (const item of items) {
    for (const id of "id" in item ? [item.id] : texts[item.text]!) {
      framed.ids.push(id)
      framed.types.push(item.type)
      framed.special.push("id" in item ? 1 : 0)
    }
  }
  return framed
}

const Named = Schema.Tuple([Schema.String, Schema.Int])
const Place = Schema.Union([
  Schema.Struct({ SpecialToken: Schema.Struct({ id: Schema.String, type_id: Schema.Int }) }),
  Schema.Struct({ Sequence: Schema.Struct({ id: Schema.Literals(["A", "B"]), type_id: Schema.Int }) })
])
const Template = Schema.Struct({
  type: Schema.Literal("TemplateProcessing"),
  single: Schema.Array(Place),
  pair: Schema.Array(Place),
  special_tokens: Schema.Record(Schema.String, Schema.Struct({ ids: Schema.Array(Schema.Int) }))
})
const Simple = Schema.Union([
  Template,
  Schema.Struct({ type: Schema.Literals(["BertProcessing", "RobertaProcessing"]), cls: Named, sep: Named }),
  Schema.Struct({ type: Schema.Literal("ByteLevel") })
])
const Processor = Schema.Union([Simple, Schema.Struct({ type: Schema.Literal("Sequence"), processors: Schema.Array(Simple) })])

const of = (processor: typeof Processor.Type): Result.Result<PostProcessor, string> => {
  switch (processor.type) {
    case "ByteLevel":
      return Result.succeed(bare)
    case "Sequence": {
      const framing = processor.processors.filter(({ type }) => type !== "ByteLevel")
      if (framing.length > 1) return Result.fail("two of its post_processors put tokens around a text")
      return framing[0] === undefined ? Result.succeed(bare) : of(framing[0])
    }
    case "TemplateProcessing":
      return Result.all({ one: ofTemplate(processor.single, processor), pair: ofTemplate(processor.pair, processor) })
    default: {
      const [cls, sep] = [processor.cls[1], processor.sep[1]]
      const [first, second, middle] = processor.type === "BertProcessing" ? [0, 1, [sep]] : [0, 0, [sep, sep]]
      const open: ReadonlyArray<Item> = [
        { id: cls, type: first },
        { text: 0, type: first }
      ]
      const between = middle.map((id): Item => ({ id, type: 0 }))
      return Result.succeed({
        one: [...open, { id: sep, type: first }],
        pair: [...open, ...between, { text: 1, type: second }, { id: sep, type: second }]
      })
    }
  }
}

const ofTemplate = (
  places: ReadonlyArray<typeof Place.Type>,
  { special_tokens }: typeof Template.Type
): Result.Result<ReadonlyArray<Item>, string> => {
  const items: Array<Item> = []
  for (const place of places) {
    if ("Sequence" in place) {
      items.push({ text: place.Sequence.id === "A" ? 0 : 1, type: place.Sequence.type_id })
      continue
    }
    const { id: name, type_id: type } = place.SpecialToken
    const token = Object.hasOwn(special_tokens, name) ? special_tokens[name] : undefined
    if (token === undefined) return Result.fail(`its template has ${name} in it, and does not say what that is`)
    for (const id of token.ids) items.push({ id, type })
  }
  return Result.succeed(items)
}
