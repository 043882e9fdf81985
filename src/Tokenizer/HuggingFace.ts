/** Reads tokenizers in the Hugging Face format: tokenizer.json and tokenizer_config.json. */
import { Result, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { TokenizerInvalid, TokenizerMissing, TokenizerUnsupported } from "./Errors.ts"
import * as Library from "./Library.ts"
import * as OffsetMapping from "./OffsetMapping.ts"
import * as PostProcessor from "./PostProcessor.ts"
import { type Files, type Role, roles, type Side, type Tokenizer } from "./Tokenizer.ts"
import * as TokenizerFiles from "./TokenizerFiles.ts"

/** The files of a tokenizer; all but the first are optional. */
export const names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"] as const

/**
 * Creates a tokenizer from the contents of its files. A special token that only the configuration names is added to the vocabulary.
 *
 * **Errors**: throws `TokenizerMissing` without a tokenizer.json, `TokenizerInvalid` for a file that cannot be parsed, `TokenizerUnsupported`
 * for a model or component that is not supported.
 */
export const fromFiles = (files: Files): Tokenizer => {
  if (!Object.hasOwn(files, names[0])) throw new TokenizerMissing({ file: names[0] })
  const json = read(files, names[0], Json)
  const config = { ...read(files, names[2], Map), ...read(files, names[1], Config) }
  if (!models.has(json.model.type)) throw new TokenizerUnsupported({ reason: `its model type is ${json.model.type}` })
  const named = roles.flatMap((role): ReadonlyArray<readonly [Role, string]> => {
    const token = config[`${role}_token`]
    return token === undefined || token === null ? [] : [[role, contentOf(token)]]
  })
  const tokens = [...named.map(([, token]) => token), ...(config.additional_special_tokens ?? []).map(contentOf)]
  const postProcessor = PostProcessor.fromJson(json.post_processor)
  if (Result.isFailure(postProcessor)) throw new TokenizerUnsupported({ reason: postProcessor.failure })
  const added_tokens = withSpecial(json, tokens)
  const library = open({ ...json, added_tokens }, config)
  const special = Object.fromEntries(named.map(([role, token]) => [role, library.token_to_id(token)!]))
  const templates = config.chat_template ?? undefined
  const toIds = (text: string) => library.encode(text, { add_special_tokens: false }).ids
  const spanOptions: OffsetMapping.Options = {
    normalize: (text) => library.normalizer?.(text) ?? text,
    bytesOf: bytesOf(json, special.unk === undefined ? undefined : library.id_to_token(special.unk))
  }
  return {
    vocabularySize: library.model.vocab.length,
    special,
    specialIds: new Set(added_tokens.flatMap(({ id, special }) => (special === true ? id : []))),
    postProcessor: postProcessor.success,
    paddingSide: config.padding_side ?? "right",
    truncationSide: config.truncation_side ?? "right",
    maxLength: (config.model_max_length ?? Infinity) < unlimited ? (config.model_max_length ?? undefined) : undefined,
    typeIds: takesTypeIds(config),
    chatTemplates: {
      ...(typeof templates === "string" ? { default: templates } : {}),
      ...(Array.isArray(templates) ? Object.fromEntries(templates.map(({ name, template }) => [name, template])) : {}),
      ...(files[names[3]] === undefined ? {} : { default: files[names[3]] })
    },
    toIds,
    spansOf: (text) =>
      OffsetMapping.align(
        text,
        toIds(text).map((id) => library.id_to_token(id) ?? ""),
        spanOptions
      ),
    toText: (ids) => library.decode([...ids], { clean_up_tokenization_spaces: config.clean_up_tokenization_spaces ?? false }),
    idOf: (token) => library.token_to_id(token),
    tokenOf: (id) => library.id_to_token(id),
    files
  }
}

const models = new Set(["BPE", "WordPiece", "Unigram"])

/** transformers writes 1e30 as `model_max_length` if there is no limit. */
const unlimited = 1e9

/** Tokenizer classes whose models take `token_type_ids`, for configurations without `model_input_names`. */
const classesWithTypeIds =
  /^(Bert|MobileBert|SqueezeBert|RemBert|ConvBert|Albert|Electra|Deberta|DebertaV2|XLNet|Funnel|PreTrained)Tokenizer(Fast)?$/

const takesTypeIds = ({ model_input_names, tokenizer_class }: typeof Config.Type): boolean =>
  model_input_names?.includes("token_type_ids") ?? classesWithTypeIds.test(tokenizer_class ?? "")

const Token = Schema.Union([Schema.String, Schema.Struct({ content: Schema.String })])
const Special = Schema.optionalKey(Schema.NullOr(Token))
const Map = Schema.Struct({
  bos_token: Special,
  eos_token: Special,
  unk_token: Special,
  sep_token: Special,
  pad_token: Special,
  cls_token: Special,
  mask_token: Special,
  additional_special_tokens: Schema.optionalKey(Schema.NullOr(Schema.Array(Token)))
})
const sides: ReadonlyArray<Side> = ["right", "left"]
const Config = Schema.Struct({
  ...Map.fields,
  padding_side: Schema.optionalKey(Schema.Literals(sides)),
  truncation_side: Schema.optionalKey(Schema.Literals(sides)),
  model_max_length: Schema.optionalKey(Schema.NullOr(Schema.Number)),
  clean_up_tokenization_spaces: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  model_input_names: Schema.optionalKey(Schema.Array(Schema.String)),
  tokenizer_class: Schema.optionalKey(Schema.NullOr(Schema.String)),
  chat_template: Schema.optionalKey(
    Schema.NullOr(Schema.Union([Schema.String, Schema.Array(Schema.Struct({ name: Schema.String, template: Schema.String }))]))
  )
})
const Added = Schema.StructWithRest(
  Schema.Struct({ id: Schema.Int, content: Schema.String, special: Schema.optionalKey(Schema.Boolean) }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
const Json = Schema.StructWithRest(
  Schema.Struct({
    model: Schema.StructWithRest(
      Schema.Struct({
        type: Schema.String,
        vocab: Schema.Union([
          Schema.Record(Schema.String, Schema.Int),
          Schema.Array(Schema.Tuple([Schema.String, Schema.Number]))
        ])
      }),
      [Schema.Record(Schema.String, Schema.Unknown)]
    ),
    added_tokens: Schema.Array(Added),
    pre_tokenizer: Schema.optionalKey(Schema.Unknown),
    post_processor: Schema.Unknown
  }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)

/** Returns the function that maps a token of this model to its bytes. */
const bytesOf = ({ model, pre_tokenizer }: typeof Json.Type, unknown: string | undefined): OffsetMapping.Options["bytesOf"] => {
  const utf8 = new TextEncoder()
  const byteOf = new globalThis.Map(TokenizerFiles.byteAlphabet().map((character, byte) => [character, byte]))
  const isByteLevel = JSON.stringify(pre_tokenizer ?? null).includes('"ByteLevel"')
  const prefix = typeof model.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : ""
  return (token) => {
    if (token === unknown) return undefined
    if (isByteLevel && [...token].every((character) => byteOf.has(character)))
      return Array.from(token, (character) => byteOf.get(character)!)
    const [, hex] = /^<0x([0-9A-F]{2})>$/.exec(token) ?? []
    if (hex !== undefined && model.byte_fallback === true) return [Number.parseInt(hex, 16)]
    const inner = prefix !== "" && token.startsWith(prefix) ? token.slice(prefix.length) : token
    return [...utf8.encode(inner.replaceAll("\u2581", " "))]
  }
}

const contentOf = (token: typeof Token.Type): string => (typeof token === "string" ? token : token.content)

/** Parses and decodes a file; a missing file is `{}`. */
const read = <A>(files: Files, file: string, schema: Schema.Decoder<A>): A => {
  let value: unknown
  try {
    value = JSON.parse(files[file] ?? "{}")
  } catch (cause) {
    throw new TokenizerInvalid({ file, reason: `it is not JSON (${messageOf(cause)})` })
  }
  const decoded = Schema.decodeUnknownResult(schema)(value)
  if (Result.isFailure(decoded)) throw new TokenizerInvalid({ file, reason: decoded.failure.message })
  return decoded.success
}

/** Returns the added tokens, with those that the configuration names as special tokens marked as special, or appended if missing. */
const withSpecial = ({ added_tokens, model }: typeof Json.Type, tokens: ReadonlyArray<string>) => {
  const { vocab } = model
  const ids = new globalThis.Map(Array.isArray(vocab) ? vocab.map(([token], id) => [token, id]) : Object.entries(vocab))
  const all = added_tokens.map((token) => (tokens.includes(token.content) ? { ...token, special: true } : token))
  let next = [...ids.values(), ...all.map(({ id }) => id)].reduce((most, id) => Math.max(most, id), -1) + 1
  for (const content of new Set(tokens)) {
    if (!all.some((token) => token.content === content))
      all.push({
        id: ids.get(content) ?? next++,
        content,
        special: true,
        normalized: false,
        single_word: false,
        lstrip: false,
        rstrip: false
      })
  }
  return all
}

/** Opens the tokenizer without its post-processor, which is applied here, and with special tokens as strings. */
const open = (json: object, config: object): Library.Library => {
  const plain = Object.entries(config).map(([name, value]) => [
    name,
    name.endsWith("_token") && Schema.is(Token)(value) ? contentOf(value) : value
  ])
  try {
    return Library.open({ ...json, post_processor: null }, Object.fromEntries(plain))
  } catch (cause) {
    throw new TokenizerUnsupported({ reason: messageOf(cause) })
  }
}
