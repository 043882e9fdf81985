/** Completion-only training rows: labels are the tokens of the answers, and -100 for all other tokens. */
import * as ChatTemplate from "./ChatTemplate.ts"
import { ChatTemplateError } from "./Errors.ts"
import { type Encoding, encode, type Tokenizer } from "./Tokenizer.ts"

export type Row = Pick<Encoding, "input_ids" | "attention_mask"> & { readonly labels: ReadonlyArray<number> }

/**
 * Encodes a prompt and its completion as one text, followed by the `eos` token if the tokenizer has one. A token that spans the boundary
 * belongs to the completion.
 *
 * **Law**: exactly the prompt is masked (test/property/CompletionOnly.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { CompletionOnly, Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.bytes()
 * const { labels } = CompletionOnly.ofPrompt(tokenizer, "1+1=", "2")
 * assert.deepEqual(labels, [-100, -100, -100, -100, 50, tokenizer.special.eos])
 * ```
 */
export const ofPrompt = (tokenizer: Tokenizer, prompt: string, completion: string): Row => {
  const { input_ids } = encode(tokenizer, prompt + completion)
  const { eos } = tokenizer.special
  const ids = eos === undefined || input_ids.at(-1) === eos ? input_ids : [...input_ids, eos]
  return labelled(ids, [[commonPrefixLength(ids, encode(tokenizer, prompt).input_ids), ids.length]])
}

export interface ChatOptions extends Omit<ChatTemplate.Options, "addGenerationPrompt"> {
  /** Truncates to this many tokens. */
  readonly maxLength?: number
}

/**
 * Encodes a chat, with labels for the assistant's messages only: the text between `{% generation %}` and `{% endgeneration %}`, or, if the
 * template has no such tags, the text that each answer adds to its prompt. A token that spans the start of an answer belongs to it, one that
 * spans the end does not.
 *
 * **Errors**: throws `ChatTemplateError` as `ChatTemplate.render`, and if a template without the tags renders earlier messages differently when more follow.
 * **Source**: `apply_chat_template(return_assistant_tokens_mask=True)` (test/golden-own/tokenizers.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { CompletionOnly, Tokenizer } from "regimen/transformers"
 *
 * const template = "{% for m in messages %}{{ m.role[0] }}:{{ m.content }};{% endfor %}{% if add_generation_prompt %}a:{% endif %}"
 * const chat = [{ role: "user", content: "Hi" }, { role: "assistant", content: "Yo" }]
 * const { labels } = CompletionOnly.ofChat(Tokenizer.bytes(), chat, { template })
 * assert.deepEqual(labels.filter((id) => id >= 0), [..."Yo;"].map((c) => c.charCodeAt(0)))
 * ```
 */
export const ofChat = (tokenizer: Tokenizer, messages: ReadonlyArray<ChatTemplate.Message>, options: ChatOptions = {}): Row => {
  const template = ChatTemplate.templateOf(tokenizer, options)
  const { text, answers } = generation.test(template)
    ? renderWithTags(tokenizer, messages, { ...options, template })
    : renderByPrefix(tokenizer, messages, { ...options, template })
  const ids = tokenizer.toIds(text)
  const tokensBefore = (offset: number) => commonPrefixLength(ids, tokenizer.toIds(text.slice(0, offset)))
  const row = labelled(
    ids,
    answers.map(([from, to]) => [tokensBefore(from), tokensBefore(to)])
  )
  const { maxLength = ids.length } = options
  return {
    input_ids: row.input_ids.slice(0, maxLength),
    attention_mask: row.attention_mask.slice(0, maxLength),
    labels: row.labels.slice(0, maxLength)
  }
}

/**
 * Labels an encoded row: an answer starts after the ids `response`, and ends before the ids `prompt` or at the end of the row. Without
 * `prompt`, the first `response` starts the only answer. All labels of a row without `response` are -100.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { CompletionOnly } from "regimen/transformers"
 *
 * const { labels } = CompletionOnly.afterMarkers({ input_ids: [8, 1, 2, 9, 3, 8, 4, 9, 5] }, { response: [9], prompt: [8] })
 * assert.deepEqual(labels, [-100, -100, -100, -100, 3, -100, -100, -100, 5])
 * ```
 */
export const afterMarkers = <A extends { readonly input_ids: ReadonlyArray<number> }>(
  row: A,
  { response, prompt }: { readonly response: ReadonlyArray<number>; readonly prompt?: ReadonlyArray<number> }
): A & Pick<Row, "labels"> => {
  const ids = row.input_ids
  const answers: Array<Span> = []
  for (let at = find(ids, response, 0); at < ids.length; ) {
    const from = at + response.length
    const to = prompt === undefined ? ids.length : find(ids, prompt, from)
    answers.push([from, to])
    at = find(ids, response, to)
  }
  return { ...row, labels: labelled(ids, answers).labels }
}

/** A half-open range: `from` inclusive, `to` exclusive. */
type Span = readonly [from: number, to: number]

interface Rendered {
  readonly text: string
  /** **Unit**: UTF-16 code units. */
  readonly answers: ReadonlyArray<Span>
}

const generation = /\{%(-?)\s*(end)?generation\s*(-?)%\}/

/** Renders with the generation tags replaced by noncharacters, which no text contains, and locates the answers between them. */
const renderWithTags = (tokenizer: Tokenizer, messages: ReadonlyArray<ChatTemplate.Message>, options: ChatOptions): Rendered => {
  const template = options.template!.replaceAll(
    new RegExp(generation, "g"),
    (_, before: string, end: string | undefined, after: string) =>
      `{%${before} if true %}${end === undefined ? startMark : endMark}{% endif ${after}%}`
  )
  const text = ChatTemplate.render(tokenizer, messages, { ...options, template })
  let length = 0
  const offsets = text.split(marks).map((part) => {
    length += part.length
    return length
  })
  return {
    text: text.replaceAll(marks, ""),
    answers: offsets.flatMap((from, i) => (i % 2 === 0 && i + 1 < offsets.length ? [[from, offsets[i + 1]!] as const] : []))
  }
}

const startMark = "\uFDD0"
const endMark = "\uFDD1"
const marks = /[\uFDD0\uFDD1]/g

/** Renders the chat up to each answer, with and without it, and locates the answers by the lengths of these prefixes. */
const renderByPrefix = (tokenizer: Tokenizer, messages: ReadonlyArray<ChatTemplate.Message>, options: ChatOptions): Rendered => {
  const text = ChatTemplate.render(tokenizer, messages, options)
  const lengthOf = (until: number, addGenerationPrompt: boolean) => {
    const part = ChatTemplate.render(tokenizer, messages.slice(0, until), { ...options, addGenerationPrompt })
    if (text.startsWith(part)) return part.length
    throw new ChatTemplateError({
      reason: `it renders the first ${until} messages differently when more follow, so the answers cannot be located. Put {% generation %} and {% endgeneration %} around them in the template.`
    })
  }
  const answers = messages.flatMap(({ role }, at) =>
    role === "assistant" ? [[lengthOf(at, true), lengthOf(at + 1, false)] as const] : []
  )
  return { text, answers }
}

const labelled = (ids: ReadonlyArray<number>, answers: ReadonlyArray<Span>): Row => {
  const labels = new Array<number>(ids.length).fill(-100)
  for (const [from, to] of answers) for (let at = from; at < to; at++) labels[at] = ids[at]!
  return { input_ids: ids, attention_mask: ids.map(() => 1), labels }
}

/** Returns the length of the common prefix. */
const commonPrefixLength = (ids: ReadonlyArray<number>, others: ReadonlyArray<number>): number => {
  const at = ids.findIndex((id, i) => id !== others[i])
  return at < 0 ? ids.length : at
}

/** Returns the index of the next occurrence of a marker, or the length. */
const find = (ids: ReadonlyArray<number>, marker: ReadonlyArray<number>, from: number): number => {
  for (let at = from; at + marker.length <= ids.length; at++) if (marker.every((id, i) => ids[at + i] === id)) return at
  return ids.length
}
