/** Splits a question and its context into windows that fit the model. **Unit**: lengths in tokens, positions in the context in UTF-16 code units. */
import { EncodeError } from "../../Tokenizer/Errors.ts"
import type { Span } from "../../Tokenizer/OffsetMapping.ts"
import * as PostProcessor from "../../Tokenizer/PostProcessor.ts"
import type { Tokenizer } from "../../Tokenizer/Tokenizer.ts"

export interface Question {
  readonly id: string
  readonly question: string
  readonly context: string
  /** Undefined if unknown, empty if there is no answer. */
  readonly answers: ReadonlyArray<{ readonly text: string; readonly from: number }> | undefined
}

export interface Window {
  /** The index of its question. */
  readonly index: number
  readonly row: {
    readonly input_ids: ReadonlyArray<number>
    readonly attention_mask: ReadonlyArray<number>
    readonly token_type_ids?: ReadonlyArray<number>
    readonly start_positions?: number
    readonly end_positions?: number
  }
  /** The span of each token in the context; undefined for tokens of the question and special tokens. */
  readonly spans: ReadonlyArray<Span | undefined>
}

/**
 * Splits a context into windows of `size` tokens, including the question and special tokens; neighbours share `stride` tokens. A window that does not
 * contain the whole first answer has its answer at the first token.
 *
 * **Law**: each token of the context is in a window, and the positions of an answer give its text (test/property/windows.test.ts).
 * **Errors**: throws `EncodeError` if a question leaves no room for its context.
 */
export const cut = (
  tokenizer: Tokenizer,
  { answers, context, question }: Question,
  index: number,
  { size, stride }: { readonly size: number; readonly stride: number }
): ReadonlyArray<Window> => {
  const items = tokenizer.postProcessor.pair
  const [asked, text] = [tokenizer.toIds(question.trimStart()), tokenizer.toIds(context)]
  const spans = tokenizer.spansOf(context)
  const room = size - asked.length - PostProcessor.addedTokens(items)
  if (room <= stride)
    throw new EncodeError({
      reason: `A question of ${asked.length} tokens leaves ${Math.max(0, room)} of ${size} for its text, which must be more than doc_stride, ${stride}: raise max_seq_length, or make doc_stride smaller.`
    })
  const windows: Array<Window> = []
  for (let from = 0; from === 0 || from + stride < text.length; from += room - stride) {
    const framed = PostProcessor.apply(items, [asked, text.slice(from, from + room)])
    const before = PostProcessor.apply(
      items.slice(
        0,
        items.findIndex((item) => "text" in item && item.text === 1)
      ),
      [asked, []]
    ).ids.length
    const placed = framed.ids.map((_, at) => (framed.special[at] === 1 || at < before ? undefined : spans[from + at - before]))
    windows.push({
      index,
      row: {
        input_ids: framed.ids,
        attention_mask: framed.ids.map(() => 1),
        ...(tokenizer.typeIds ? { token_type_ids: framed.types } : {}),
        ...(answers === undefined ? {} : positions(placed, answers[0]))
      },
      spans: placed
    })
  }
  return windows
}

/** Gives the first and the last token of an answer, without surrounding spaces, which are in no token. */
const positions = (
  spans: ReadonlyArray<Span | undefined>,
  answer: { readonly text: string; readonly from: number } | undefined
) => {
  const noAnswer = { start_positions: 0, end_positions: 0 }
  const text = answer?.text.trim() ?? ""
  if (answer === undefined || text === "") return noAnswer
  const from = answer.from + answer.text.indexOf(text)
  const to = from + text.length
  const first = spans.findIndex((span) => span !== undefined && span[0] <= from && from < span[1])
  const last = spans.findLastIndex((span) => span !== undefined && span[0] < to && to <= span[1])
  return first < 0 || last < first ? noAnswer : { start_positions: first, end_positions: last }
}
