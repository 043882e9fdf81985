/** Post-processors: the special tokens and type ids that a tokenizer adds to a text or a pair of texts. */
import { Result, Schema } from "effect"

/** An element of a template: a special token, or the first (0) or second (1) text. */
export type Item = { readonly id: number; readonly type: number } | { readonly text: 0 | 1; readonly type: number }

export interface PostProcessor {
  readonly single: ReadonlyArray<Item>
  readonly pair: ReadonlyArray<Item>
}

/** Adds no tokens: concatenates the texts. */
export const none: PostProcessor = {
  single: [{ text: 0, type: 0 }],
  pair: [
    { text: 0, type: 0 },
    { text: 1, type: 1 }
  ]
}

/** Decodes the `post_processor` of a tokenizer.json. Fails with the reason if it is not supported. */
export const fromJson = (processor: unknown): Result.Result<PostProcessor, string> => {
  if (processor === null || processor === undefined) return Result.succeed(none)
  const decoded = Schema.decodeUnknownResult(Processor)(processor)
  if (Result.isFailure(decoded)) return Result.fail(`its post_processor is not supported: ${decoded.failure.message}`)
  return of(decoded.success)
}

/** Returns the number of special tokens that a template adds. */
export const addedTokens = (items: ReadonlyArray<Item>): number => items.filter((item) => "id" in item).length

export interface Processed {
  readonly ids: Array<number>
  readonly types: Array<number>
  /** 1 for special tokens, 0 for tokens of the texts. */
  readonly special: Array<number>
}

/** Applies a template to the ids of the texts. */
export const apply = (items: ReadonlyArray<Item>, texts: ReadonlyArray<ReadonlyArray<number>>): Processed => {
  const processed: Processed = { ids: [], types: [], special: [] }
  for (const item of items) {
    for (const id of "id" in item ? [item.id] : texts[item.text]!) {
      processed.ids.push(id)
      processed.types.push(item.type)
      processed.special.push("id" in item ? 1 : 0)
    }
  }
  return processed
}

const TokenAndId = Schema.Tuple([Schema.String, Schema.Int])
const Piece = Schema.Union([
  Schema.Struct({ SpecialToken: Schema.Struct({ id: Schema.String, type_id: Schema.Int }) }),
  Schema.Struct({ Sequence: Schema.Struct({ id: Schema.Literals(["A", "B"]), type_id: Schema.Int }) })
])
const Template = Schema.Struct({
  type: Schema.Literal("TemplateProcessing"),
  single: Schema.Array(Piece),
  pair: Schema.Array(Piece),
  special_tokens: Schema.Record(Schema.String, Schema.Struct({ ids: Schema.Array(Schema.Int) }))
})
const Simple = Schema.Union([
  Template,
  Schema.Struct({ type: Schema.Literals(["BertProcessing", "RobertaProcessing"]), cls: TokenAndId, sep: TokenAndId }),
  Schema.Struct({ type: Schema.Literal("ByteLevel") })
])
const Processor = Schema.Union([Simple, Schema.Struct({ type: Schema.Literal("Sequence"), processors: Schema.Array(Simple) })])

const of = (processor: typeof Processor.Type): Result.Result<PostProcessor, string> => {
  switch (processor.type) {
    case "ByteLevel":
      return Result.succeed(none)
    case "Sequence": {
      const templates = processor.processors.filter(({ type }) => type !== "ByteLevel")
      if (templates.length > 1) return Result.fail("two of its post_processors add special tokens")
      return templates[0] === undefined ? Result.succeed(none) : of(templates[0])
    }
    case "TemplateProcessing":
      return Result.all({ single: ofTemplate(processor.single, processor), pair: ofTemplate(processor.pair, processor) })
    default: {
      const [cls, sep] = [processor.cls[1], processor.sep[1]]
      const [first, second, middle] = processor.type === "BertProcessing" ? [0, 1, [sep]] : [0, 0, [sep, sep]]
      const start: ReadonlyArray<Item> = [
        { id: cls, type: first },
        { text: 0, type: first }
      ]
      const between = middle.map((id): Item => ({ id, type: 0 }))
      return Result.succeed({
        single: [...start, { id: sep, type: first }],
        pair: [...start, ...between, { text: 1, type: second }, { id: sep, type: second }]
      })
    }
  }
}

const ofTemplate = (
  pieces: ReadonlyArray<typeof Piece.Type>,
  { special_tokens }: typeof Template.Type
): Result.Result<ReadonlyArray<Item>, string> => {
  const items: Array<Item> = []
  for (const piece of pieces) {
    if ("Sequence" in piece) {
      items.push({ text: piece.Sequence.id === "A" ? 0 : 1, type: piece.Sequence.type_id })
      continue
    }
    const { id: name, type_id: type } = piece.SpecialToken
    const token = Object.hasOwn(special_tokens, name) ? special_tokens[name] : undefined
    if (token === undefined) return Result.fail(`its template uses ${name}, which its special_tokens do not define`)
    for (const id of token.ids) items.push({ id, type })
  }
  return Result.succeed(items)
}
