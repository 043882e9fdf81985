/** The batches that tasks create from rows. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect, Logger } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Program from "../../../src/Program/Program.ts"
import * as Tasks from "../../../src/Task/Tasks.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"
import * as Models from "../../support/taskModels.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-tasks-"))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(async () => {
  await Models.model(at("bert"), "bert")
  await Models.model(at("gpt2"), "gpt2")
  await Models.model(at("t5"), "t5")
})

/** The decoded inputs of a task's first training batch, its labels and tensors, and the log lines. */
const batch = async (task: string, model: string, rows: ReadonlyArray<object> | string, settings: object = {}) => {
  const file = typeof rows === "string" ? at("rows.csv") : Models.jsonl(at("rows.jsonl"), rows)
  if (typeof rows === "string") writeFileSync(file, rows)
  const lines: Array<string> = []
  const read = Effect.gen(function* () {
    const tokenizer = yield* Tokenizer.load(at(model))
    const program = yield* Tasks.make({ task, settings: { modelNameOrPath: at(model), ...settings }, files: { train: file } })
    const { task: trainingTask } = yield* Program.prepare(program, { outputDir: at("none"), perDeviceTrainBatchSize: 8 })
    const { tensors } = (yield* trainingTask.train.batch(0, 0))!
    const rowsOf = ({ data, shape }: { readonly data: ArrayLike<number>; readonly shape: ReadonlyArray<number> }) =>
      Array.from({ length: shape[0]! }, (_, row) =>
        Array.from({ length: shape[1] ?? 1 }, (_, i) => data[row * (shape[1] ?? 1) + i]!)
      )
    const decoded = rowsOf(tensors.input_ids!).map((ids) => Tokenizer.decode(tokenizer, ids, { skipSpecialTokens: true }))
    return { decoded, labels: tensors.labels === undefined ? [] : rowsOf(tensors.labels), lines, tensors, tokenizer }
  })
  const listener = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
  return Effect.runPromise(Effect.scoped(read).pipe(Effect.provide([NodeServices.layer, listener])))
}

const refused = (task: string, model: string, rows: ReadonlyArray<object>, settings: object = {}) =>
  batch(task, model, rows, settings).then(
    () => "nothing",
    (error: Error) => error.message
  )

describe("seq2seq", () => {
  const pairs = [{ translation: { de: "Danke.", en: "Thanks." } }]
  it("prepends the prefix to the source, and labels the target", async () => {
    const settings = { sourceLang: "en", targetLang: "de", sourcePrefix: "to German: " }
    const { decoded, labels, tokenizer } = await batch("seq2seq", "t5", pairs, settings)
    expect(decoded).toEqual(["to German: Thanks."])
    expect(Tokenizer.decode(tokenizer, labels[0]!)).toBe("Danke.")
  })

  it("defaults to the order of the languages, and finds columns by their usual names", async () => {
    expect((await batch("seq2seq", "t5", pairs)).decoded).toEqual(["Danke."])
    const { decoded, labels, tokenizer } = await batch("seq2seq", "t5", [{ text: "long", summary: "l" }])
    expect([decoded, Tokenizer.decode(tokenizer, labels[0]!)]).toEqual([["long"], "l"])
  })

  it("truncates source and target, and labels padding with ignorePadTokenForLoss false", async () => {
    const rows = [
      { source: "abcdef", target: "xyz" },
      { source: "a", target: "x" }
    ]
    const truncated = await batch("seq2seq", "t5", rows, { maxSourceLength: 3, maxTargetLength: 2 })
    expect(truncated.decoded.toSorted()).toEqual(["a", "abc"])
    expect(truncated.labels.flat()).toContain(-100)
    const { labels, tokenizer } = await batch("seq2seq", "t5", rows, { ignorePadTokenForLoss: false })
    expect(labels.flat()).not.toContain(-100)
    expect(labels.flat()).toContain(tokenizer.special.pad)
  })

  it("refuses an unsupported generation_config.json before training", async () => {
    const refusal = async (generation: object, settings: object = {}) => {
      writeFileSync(at("t5/generation_config.json"), JSON.stringify(generation))
      const message = await refused("seq2seq", "t5", pairs, settings)
      rmSync(at("t5/generation_config.json"))
      return message
    }
    const several = { num_return_sequences: 2, num_beams: 2 }
    expect(await refusal(several)).toContain("a prediction is one text a row")
    expect(await refusal(several, { numBeams: 1 })).toContain("at most numBeams")
    expect(await refusal({ do_sample: true }, { numBeams: 2 })).toContain("sampling goes with one beam here")
    expect(await refusal({ do_sample: true })).toBe("nothing")
    expect(await refusal(several, { predictWithGenerate: false })).toBe("nothing")
  })

  it("reports a missing language or column", async () => {
    expect(await refused("seq2seq", "t5", pairs, { targetLang: "fr" })).toContain('column "translation": it has no text in "fr"')
    expect(await refused("seq2seq", "t5", [{ text: "x" }])).toContain("Name the right one with --summary_column")
  })
})

describe("text-classification", () => {
  it("reads text pairs by the column names of GLUE, or by textColumnNames", async () => {
    const rows = [{ sentence1: "Ann lives", sentence2: "in Oslo", label: 1, idx: 7 }]
    const { tensors } = await batch("text-classification", "bert", [...rows, { ...rows[0], label: 0 }])
    expect([...tensors.token_type_ids!.data]).toContain(1)
    const named = await batch("text-classification", "bert", [{ a: "Ann", b: "Bob", label: "x" }], { textColumnNames: "b, a" })
    expect(named.decoded).toEqual(["bob ann"])
  })

  it("sorts numeric labels numerically, and reads numeric text of a .csv file as text", async () => {
    const { decoded, labels } = await batch("text-classification", "bert", "text,label\nAnn,10\nBob,9\n7,9\n")
    expect(Object.fromEntries(decoded.map((text, i) => [text, labels[i]![0]]))).toEqual({ ann: 1, bob: 0, "": 0 })
  })

  it("limits the rows to maxTrainSamples, and pads to maxSeqLength with padToMaxLength", async () => {
    const { tensors } = await batch("text-classification", "bert", Models.rows.classification, {
      ...{ maxTrainSamples: 3, padToMaxLength: true, maxSeqLength: 12 }
    })
    expect(tensors.input_ids!.shape).toEqual([3, 12])
  })
})

describe("language models", () => {
  it.each([
    ["causal-lm", "gpt2", "blockSize", "block_size"],
    ["masked-lm", "bert", "maxSeqLength", "max_seq_length"]
  ])("limits the rows of %s to the maximum length of the model, and logs it", async (task, model, setting, flag) => {
    const widthOf = async (settings: object) => {
      const { lines, tensors } = await batch(task, model, Models.rows.texts, settings)
      return [tensors.input_ids!.shape[1], lines.filter((line) => line.startsWith(flag))]
    }
    const words = `${flag} is 100, but the model and its tokenizer read at most 64 tokens: rows have 64.`
    expect(await widthOf({ [setting]: 100 })).toEqual([64, [words]])
    expect(await widthOf({ [setting]: 16 })).toEqual([16, []])
    expect(await widthOf({})).toEqual([64, []])
  })
})

describe("masked-lm", () => {
  it("masks tokens with mlmProbability, and no special tokens", async () => {
    const { labels, tensors, tokenizer } = await batch("masked-lm", "bert", Models.rows.texts, {
      lineByLine: true,
      mlmProbability: 0.9
    })
    const ids = tensors.input_ids!.data
    expect([...ids].filter((id) => id === tokenizer.special.mask).length).toBeGreaterThan(10)
    for (const row of labels) expect(row[0]).toBe(-100)
  })
})

describe("token-classification", () => {
  it("reports rows whose numbers of labels and words differ", async () => {
    const message = await refused("token-classification", "bert", [{ tokens: ["a", "b"], ner_tags: ["O"] }])
    expect(message).toContain('column "ner_tags": it has 1 labels for 2 words')
  })

  it("refuses an empty or missing tag with its row and token, and makes no class of it", async () => {
    const good = { tokens: ["Ann", "in"], ner_tags: ["B-PER", "O"] }
    for (const [tag, settings] of [
      ["", {}],
      [" ", {}],
      [null, {}],
      ["", { labelColumnName: "ner_tags" }]
    ] as const) {
      const message = await refused("token-classification", "bert", [good, { ...good, ner_tags: ["O", tag] }], settings)
      expect(message).toContain('rows.jsonl, row 1, column "ner_tags": token 1 ("in") has no tag')
    }
  })

  it("reads the label column of taskName", async () => {
    const { labels } = await batch("token-classification", "bert", [{ tokens: ["Ann"], pos_tags: ["N"] }], { taskName: "pos" })
    expect(labels[0]!.filter((label) => label !== -100)).toEqual([0])
  })
})
