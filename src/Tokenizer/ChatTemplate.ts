/** Formats chats as text with the Jinja chat template of a tokenizer. */
import { Template } from "@huggingface/jinja"
import { messageOf } from "../ErrorMessage.ts"
import { ChatTemplateError } from "./Errors.ts"
import { type Encoding, roles, type Tokenizer } from "./Tokenizer.ts"

/** A chat message. A template may read further fields. */
export interface Message {
  readonly role: string
  readonly content: string
  readonly [field: string]: unknown
}

export interface Options {
  /** Appends the start of the assistant's turn. Default false. */
  readonly addGenerationPrompt?: boolean
  /** A Jinja template that overrides the tokenizer's. */
  readonly template?: string
  /** The name of the template, if the tokenizer has several. Default "default". */
  readonly name?: string
  /** Additional template variables: `{ tools: [...] }`. */
  readonly variables?: Readonly<Record<string, unknown>>
}

/**
 * Renders a chat to text. Template variables: `messages`, `add_generation_prompt`, the special tokens by name (`bos_token`, ...) and `variables`.
 *
 * **Errors**: throws `ChatTemplateError` if there is no template, it is not valid Jinja, or it raises an exception.
 * **Source**: `apply_chat_template(tokenize=False)` (test/golden-own/tokenizers.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { ChatTemplate, Tokenizer } from "regimen/transformers"
 *
 * const template = "{% for message in messages %}{{ message.role }}: {{ message.content }}{{ eos_token }}{% endfor %}"
 * const text = ChatTemplate.render(Tokenizer.bytes(), [{ role: "user", content: "Hello" }], { template })
 * assert.equal(text, "user: Hello<eos>")
 * ```
 */
export const render = (tokenizer: Tokenizer, messages: ReadonlyArray<Message>, options: Options = {}): string => {
  const template = compile(templateOf(tokenizer, options))
  const tokens = roles.flatMap((role) => {
    const id = tokenizer.special[role]
    return id === undefined ? [] : [[`${role}_token`, tokenizer.tokenOf(id)]]
  })
  const { addGenerationPrompt = false, variables = {} } = options
  try {
    return template.render({
      ...Object.fromEntries(tokens),
      ...variables,
      messages,
      add_generation_prompt: addGenerationPrompt
    })
  } catch (cause) {
    throw new ChatTemplateError({ reason: messageOf(cause) })
  }
}

/**
 * Encodes a chat without adding special tokens: the template writes them.
 *
 * **Errors**: throws `ChatTemplateError`, as `render`.
 * **Source**: `apply_chat_template` (test/golden-own/tokenizers.test.ts).
 */
export const encode = (tokenizer: Tokenizer, messages: ReadonlyArray<Message>, options: Options = {}): Encoding => {
  const ids = tokenizer.toIds(render(tokenizer, messages, options))
  return { input_ids: ids, attention_mask: ids.map(() => 1) }
}

/** Returns the Jinja template that the options select. **Errors**: throws `ChatTemplateError` if there is none. */
export const templateOf = ({ chatTemplates }: Tokenizer, { template, name = "default" }: Options): string => {
  if (template !== undefined) return template
  if (Object.hasOwn(chatTemplates, name)) return chatTemplates[name]!
  const known = Object.keys(chatTemplates)
  throw new ChatTemplateError({
    reason: `the tokenizer has ${known.length === 0 ? "no chat template" : `no chat template called ${name}, only ${known.join(", ")}`}. Give one as template.`
  })
}

/** Parsed templates by their text. */
const compiled = new Map<string, Template>()

const compile = (text: string): Template => {
  const known = compiled.get(text)
  if (known !== undefined) return known
  try {
    const template = new Template(text)
    if (compiled.size >= 16) compiled.clear()
    compiled.set(text, template)
    return template
  } catch (cause) {
    throw new ChatTemplateError({ reason: `it is not valid Jinja: ${messageOf(cause)}` })
  }
}
