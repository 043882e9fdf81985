/** Chats as text, written by the Jinja template that comes with a tokenizer. */
import { Template } from "@huggingface/jinja"
import { messageOf } from "../ErrorMessage.ts"
import { ChatTemplateError } from "./Errors.ts"
import { type Encoding, roles, type Tokenizer } from "./Tokenizer.ts"

/** A message; a template may want more fields than these. */
export interface Message {
  readonly role: string
  readonly content: string
  readonly [field: string]: unknown
}

export interface Options {
  /** Ends with what opens the assistant's answer. Default false. */
  readonly addGenerationPrompt?: boolean
  /** The template, where it is not the tokenizer's own. */
  readonly template?: string
  /** Which of the tokenizer's templates, where it has several. Default "default". */
  readonly name?: string
  /** What the template reads besides the messages: `{ tools: [...] }`. */
  readonly variables?: Readonly<Record<string, unknown>>
}

/**
 * Writes a chat as text. The template sees `messages`, `add_generation_prompt`, the special tokens by name (`bos_token`, ...) and the variables.
 *
 * **Errors**: throws `ChatTemplateError` where there is no template, where it is not Jinja, and where it refuses the chat.
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
 * Encodes a chat. What the template writes has its special tokens in it, so none are put around it.
 *
 * **Errors**: throws `ChatTemplateError`, as `render`.
 * **Source**: `apply_chat_template` (test/golden-own/tokenizers.test.ts).
 */
export const encode = (tokenizer: Tokenizer, messages: ReadonlyArray<Message>, options: Options = {}): Encoding => {
  const ids = tokenizer.toIds(render(tokenizer, messages, options))
  return { input_ids: ids, attention_mask: ids.map(() => 1) }
}

/** The template that is asked for. **Errors**: throws `ChatTemplateError` where there is none. */
export const templateOf = ({ chatTemplates }: Tokenizer, { template, name = "default" }: Options): string => {
  if (template !== undefined) return template
  if (Object.hasOwn(chatTemplates, name)) return chatTemplates[name]!
  const known = Object.keys(chatTemplates)
  throw new ChatTemplateError({
    reason: `the tokenizer has ${known.length === 0 ? "none" : `none called ${name}, but ${known.join(", ")}`}. Give one as template.`
  })
}

/** The same text is the same template: it is parsed once, as long as few are in use. */
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
    throw new ChatTemplateError({ reason: `it is not Jinja as it is known here: ${messageOf(cause)}` })
  }
}
