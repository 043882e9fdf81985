import { assert, describe, it } from "@effect/vitest"
import * as ChatTemplate from "../../../src/Tokenizer/ChatTemplate.ts"
import * as CompletionOnly from "../../../src/Tokenizer/CompletionOnly.ts"
import * as Packing from "../../../src/Tokenizer/Packing.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"
import { thrown } from "../../support/thrown.ts"

const tokenizer = Tokenizer.bytes()
const chat = [
  { role: "user", content: "Hi" },
  { role: "assistant", content: "Yo" },
  { role: "user", content: "Bye" }
]

describe("ChatTemplate.render", () => {
  const render = (template: string, variables = {}) => ChatTemplate.render(tokenizer, chat, { template, variables })

  it("passes messages, special tokens, options and variables to the template", () => {
    assert.equal(
      render("{{ bos_token }}{{ messages | length }}{{ tools[0] }}{{ add_generation_prompt }}", { tools: ["t"] }),
      "<bos>3tfalse"
    )
  })

  it("selects the template by name", () => {
    const several = { ...tokenizer, chatTemplates: { default: "one", other: "two" } }
    assert.equal(ChatTemplate.render(several, chat), "one")
    assert.equal(ChatTemplate.render(several, chat, { name: "other" }), "two")
    assert.match(
      thrown(() => ChatTemplate.render(several, chat, { name: "third" })),
      /no chat template called third, only default, other/
    )
  })

  it("reports a missing template, invalid Jinja, and an exception of the template", () => {
    assert.match(
      thrown(() => ChatTemplate.render(tokenizer, chat)),
      /ChatTemplateError: .*the tokenizer has no chat template.*Give one/
    )
    assert.match(
      thrown(() => render("{% if %}")),
      /ChatTemplateError: .*not valid Jinja/
    )
    assert.match(
      thrown(() => render("{{ raise_exception('roles must alternate') }}")),
      /ChatTemplateError: .*roles must alternate/
    )
  })
})

describe("CompletionOnly.ofChat", () => {
  it("refuses a template that renders earlier messages differently when more follow, and names the tags that fix it", () => {
    const template = "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}"
    assert.match(
      thrown(() => CompletionOnly.ofChat(tokenizer, chat, { template })),
      /ChatTemplateError: .*first 1 messages.*\{% generation %\}/
    )
  })
})

describe("CompletionOnly.ofPrompt", () => {
  it("adds special tokens, and appends eos only once", () => {
    const withSpecialTokens = {
      ...tokenizer,
      postProcessor: { single: [{ id: 256, type: 0 }, { text: 0, type: 0 } as const, { id: 257, type: 0 }], pair: [] }
    }
    const row = CompletionOnly.ofPrompt(withSpecialTokens, "a", "b")
    assert.deepEqual(row.input_ids, [256, 97, 98, 257])
    assert.deepEqual(row.labels, [-100, -100, 98, 257])
    const { eos: _, ...special } = tokenizer.special
    assert.deepEqual(CompletionOnly.ofPrompt({ ...tokenizer, special }, "a", "b").labels, [-100, 98])
  })

  it("labels a token that spans the boundary as part of the completion", () => {
    const pairs = Tokenizer.trainBpe(["ab ab ab"], { vocabularySize: 260 })
    const row = CompletionOnly.ofPrompt(pairs, "ca", "b")
    assert.deepEqual(row.labels, [-100, pairs.idOf("ab")!, pairs.special.eos!])
  })
})

describe("CompletionOnly.afterMarkers", () => {
  it("keeps the row's other columns, and labels nothing without a response marker", () => {
    const row = CompletionOnly.afterMarkers({ input_ids: [1, 2], more: "x" }, { response: [9] })
    assert.deepEqual(row, { input_ids: [1, 2], more: "x", labels: [-100, -100] })
  })
})

describe("Packing", () => {
  it("refuses a length that is not a positive integer, and labels of another length than the tokens", () => {
    for (const length of [0, -1, 1.5, Number.NaN])
      assert.match(
        thrown(() => Packing.cut([{ input_ids: [1] }], { length })),
        /EncodeError: length is .*: it must be a positive integer/
      )
    assert.match(
      thrown(() => Packing.fill([{ input_ids: [1], labels: [] }], { length: 2 })),
      /Sequence 0 has 0 labels for 1 tokens/
    )
  })

  it("packs a sequence into the fullest row with enough room", () => {
    const sized = (...sizes: ReadonlyArray<number>) => sizes.map((size, i) => ({ input_ids: new Array<number>(size).fill(i) }))
    const rows = Packing.fill(sized(2, 7, 4, 5, 1), { length: 10 })
    assert.deepEqual(
      rows.map((row) => [...new Set(row.input_ids)]),
      [
        [1, 0, 4],
        [3, 2]
      ]
    )
  })
})
