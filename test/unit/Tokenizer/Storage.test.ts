import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll } from "vitest"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"
import { thrown } from "../../support/thrown.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-tokenizer-"))
afterAll(() => rmSync(folder, { recursive: true }))

const bytesFiles = Tokenizer.bytes().files
const json = JSON.parse(bytesFiles["tokenizer.json"]!)
const config = JSON.parse(bytesFiles["tokenizer_config.json"]!)
const withChanges = (changes: object, configuration: object = config) =>
  Tokenizer.fromFiles({
    "tokenizer.json": JSON.stringify({ ...json, ...changes }),
    "tokenizer_config.json": JSON.stringify(configuration)
  })

describe("Tokenizer.load", () => {
  const load = (files: Readonly<Record<string, string>>) => {
    rmSync(folder, { recursive: true })
    const names = Object.entries(files)
    return Effect.runPromise(
      Effect.gen(function* () {
        yield* Tokenizer.save({ ...Tokenizer.bytes(), files: {} }, folder)
        for (const [name, content] of names) writeFileSync(join(folder, name), content)
        return yield* Effect.flip(Tokenizer.load(folder))
      }).pipe(Effect.provide(NodeServices.layer))
    )
  }

  it("names the file that is missing", async () => {
    const error = await load({ "tokenizer_config.json": "{}" })
    assert.equal(error._tag, "TokenizerMissing")
    assert.include(error.message, join(folder, "tokenizer.json"))
  })

  it("names the file that cannot be parsed", async () => {
    for (const broken of ["{", "[]", '{"model": {"type": "BPE"}}', ""]) {
      const error = await load({ ...bytesFiles, "tokenizer.json": broken })
      assert.equal(error._tag, "TokenizerInvalid", broken)
      assert.include(error.message, join(folder, "tokenizer.json"))
    }
    const error = await load({ ...bytesFiles, "tokenizer_config.json": '{"padding_side": "middle"}' })
    assert.equal(error._tag, "TokenizerInvalid")
    assert.include(error.message, "tokenizer_config.json")
  })
})

describe("Tokenizer.fromFiles", () => {
  it("names the unsupported model, component or template token that it refuses", () => {
    assert.match(
      thrown(() => withChanges({ model: { ...json.model, type: "WordLevel" } })),
      /TokenizerUnsupported: .*its model type is WordLevel/
    )
    assert.match(
      thrown(() => withChanges({ pre_tokenizer: { type: "Mystery" } })),
      /TokenizerUnsupported: .*Mystery/
    )
    assert.match(
      thrown(() => withChanges({ post_processor: { type: "Mystery" } })),
      /TokenizerUnsupported: .*post_processor/
    )
    const single = [{ SpecialToken: { id: "[X]", type_id: 0 } }]
    const template = { type: "TemplateProcessing", single, pair: single, special_tokens: {} }
    assert.match(
      thrown(() => withChanges({ post_processor: template })),
      /uses \[X\], which its special_tokens do not define/
    )
    const twice = { type: "Sequence", processors: [template, template] }
    assert.match(
      thrown(() => withChanges({ post_processor: twice })),
      /two of its post_processors/
    )
    assert.match(
      thrown(() => Tokenizer.fromFiles({})),
      /TokenizerMissing/
    )
  })

  it("adds a special token that only the configuration names, and marks an existing token as special", () => {
    const tokenizer = withChanges(
      { added_tokens: [] },
      { pad_token: "A", sep_token: { content: "<new>" }, additional_special_tokens: ["<more>"] }
    )
    assert.deepEqual(tokenizer.special, { sep: 256, pad: 65 })
    assert.deepEqual([...tokenizer.specialIds].sort(), [256, 257, 65])
    assert.equal(tokenizer.vocabularySize, 258)
    assert.deepEqual(Tokenizer.encode(tokenizer, "x<new><more>").input_ids, [120, 256, 257])
    assert.equal(Tokenizer.decode(tokenizer, [65, 66, 257], { skipSpecialTokens: true }), "B")
  })

  it("marks an added token as special if the configuration names it", () => {
    const added_tokens = json.added_tokens.map((token: object) => ({ ...token, special: false }))
    assert.deepEqual([...withChanges({ added_tokens }, { eos_token: "<eos>" }).specialIds], [257])
  })

  it("keeps spaces before punctuation, unless clean_up_tokenization_spaces is set", () => {
    const ids = Tokenizer.encode(Tokenizer.bytes(), "a .").input_ids
    assert.equal(Tokenizer.decode(withChanges({}, {}), ids), "a .")
    assert.equal(Tokenizer.decode(withChanges({}, { clean_up_tokenization_spaces: true }), ids), "a.")
  })

  it("reads special_tokens_map.json for special tokens that the configuration does not name", () => {
    const files = { ...bytesFiles, "special_tokens_map.json": '{"cls_token": "<bos>", "pad_token": "<eos>"}' }
    assert.deepEqual(Tokenizer.fromFiles(files).special, { bos: 256, eos: 257, pad: 258, cls: 256 })
  })

  it("reads the sides, model_max_length and model_input_names", () => {
    const { paddingSide, truncationSide, maxLength, typeIds } = withChanges(
      {},
      { padding_side: "left", truncation_side: "left", model_max_length: 77 }
    )
    assert.deepEqual([paddingSide, truncationSide, maxLength, typeIds], ["left", "left", 77, false])
    assert.equal(withChanges({}, { model_max_length: 1e30 }).maxLength, undefined)
    assert.isTrue(withChanges({}, { tokenizer_class: "BertTokenizer" }).typeIds)
    assert.isFalse(withChanges({}, { tokenizer_class: "BertTokenizer", model_input_names: ["input_ids"] }).typeIds)
  })

  it("reads one or several chat templates from the configuration, or one from chat_template.jinja", () => {
    assert.deepEqual(withChanges({}, { chat_template: "a" }).chatTemplates, { default: "a" })
    const several = [
      { name: "default", template: "a" },
      { name: "tools", template: "b" }
    ]
    assert.deepEqual(withChanges({}, { chat_template: several }).chatTemplates, { default: "a", tools: "b" })
    assert.deepEqual(Tokenizer.fromFiles({ ...bytesFiles, "chat_template.jinja": "c" }).chatTemplates, { default: "c" })
  })
})
