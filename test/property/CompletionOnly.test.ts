import fc from "fast-check"
import { expect, test } from "vitest"
import * as CompletionOnly from "../../src/Tokenizer/CompletionOnly.ts"
import * as Tokenizer from "../../src/Tokenizer/Tokenizers.ts"

const bytes = Tokenizer.bytes()
const { eos } = bytes.special
const text = fc.string({ unit: "grapheme" })
const idsOf = (text: string) => [...new TextEncoder().encode(text)]
const masked = (ids: ReadonlyArray<number>) => ids.map(() => -100)

test("a prompt and its completion: what is masked is exactly the prompt", () =>
  fc.assert(
    fc.property(text, text, (prompt, completion) => {
      const row = CompletionOnly.ofPrompt(bytes, prompt, completion)
      const [asked, answered] = [idsOf(prompt), [...idsOf(completion), eos]]
      expect(row.input_ids).toEqual([...asked, ...answered])
      expect(row.labels).toEqual([...masked(asked), ...answered])
      expect(row.attention_mask).toEqual(row.labels.map(() => 1))
    })
  ))

const message = fc.record({ role: fc.constantFrom("user", "assistant", "system"), content: text })
const messages = fc.array(message, { maxLength: 6 })

const header = "{% for m in messages %}{{ '[' + m.role + ']' }}"
const footer = "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
const templates = {
  tagged: `${header}{% if m.role == 'assistant' %}\n  {%- generation -%}\n  {{ m.content + eos_token }}\n  {%- endgeneration -%}\n  {% else %}{{ m.content + eos_token }}{% endif %}${footer}`,
  plain: `${header}{{ m.content + eos_token }}${footer}`
}

test.each(Object.entries(templates))("a chat, %s: what has a label is exactly what the assistant says", (_, template) =>
  fc.assert(
    fc.property(messages, fc.nat(80), (messages, maxLength) => {
      const parts = messages.map(({ role, content }) => ({ role, before: idsOf(`[${role}]`), turn: [...idsOf(content), eos!] }))
      const ids = parts.flatMap(({ before, turn }) => [...before, ...turn])
      const labels = parts.flatMap(({ role, before, turn }) => [
        ...masked(before),
        ...(role === "assistant" ? turn : masked(turn))
      ])
      expect(CompletionOnly.ofChat(bytes, messages, { template })).toEqual({
        input_ids: ids,
        attention_mask: ids.map(() => 1),
        labels
      })
      expect(CompletionOnly.ofChat(bytes, messages, { template, maxLength }).labels).toEqual(labels.slice(0, maxLength))
    })
  )
)

test("markers: what has a label is exactly what stands between them", () => {
  const words = fc.array(fc.integer({ min: 10, max: 20 }), { maxLength: 5 })
  const [prompt, response] = [
    [1, 2],
    [1, 3]
  ]
  fc.assert(
    fc.property(fc.array(fc.tuple(words, words), { maxLength: 4 }), words, (turns, before) => {
      const ids = [...before, ...turns.flatMap(([asked, answered]) => [...prompt, ...asked, ...response, ...answered])]
      const labels = [
        ...masked(before),
        ...turns.flatMap(([asked, answered]) => [...masked(prompt), ...masked(asked), ...masked(response), ...answered])
      ]
      expect(CompletionOnly.afterMarkers({ input_ids: ids }, { response, prompt })).toEqual({ input_ids: ids, labels })
      const first = labels.findIndex((label) => label >= 0)
      const begun = turns.length === 0 ? ids.length : ids.findIndex((id, i) => id === 1 && ids[i + 1] === 3) + 2
      expect(CompletionOnly.afterMarkers({ input_ids: ids }, { response }).labels).toEqual([
        ...masked(ids.slice(0, begun)),
        ...ids.slice(begun)
      ])
      if (first >= 0) expect(begun).toBeLessThanOrEqual(first)
    })
  )
})
