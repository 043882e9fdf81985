/** The command with a task: trained, evaluated, predicted and loaded again; and what is refused before step 0. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Command from "../support/command.ts"
import * as Models from "../support/taskModels.ts"

const { at, regimen: real, remove } = Command.folder()
afterAll(remove)

const regimen = Command.inProcess
const slow = { timeout: 240_000 }
const json = (...file: ReadonlyArray<string>): Readonly<Record<string, number>> => JSON.parse(readFileSync(at(...file), "utf8"))
const text = (...file: ReadonlyArray<string>) => readFileSync(at(...file), "utf8")
const usual = ["--device", "cpu", "--disable_tqdm", "--num_train_epochs", "2", "--learning_rate", "2e-2"]
const all = ["--do_train", "--do_eval", "--do_predict"]

/** Trains on a file, evaluates and predicts the same one. */
const run = (task: string, model: string, file: string, output: string, words: ReadonlyArray<string> = []) =>
  regimen([
    ...["train", "--task", task, "--model_name_or_path", at(model), ...usual, "--output_dir", at(output)],
    ...["--train_file", at(file), "--validation_file", at(file), "--test_file", at(file)],
    ...words
  ])

beforeAll(async () => {
  await Models.model(at("bert"), "bert")
  await Models.model(at("electra"), "electra")
  await Models.model(at("gpt2"), "gpt2")
  await Models.model(at("t5"), "t5")
  for (const [name, rows] of Object.entries(Models.rows)) Models.jsonl(at(`${name}.jsonl`), rows)
  writeFileSync(at("empty.jsonl"), "")
  writeFileSync(at("broken.jsonl"), "{\n")
  Models.jsonl(at("odd.jsonl"), [Models.rows.classification[0]!, { text: "Ann", label: "odd" }])
  const [first] = Models.rows.answers
  Models.jsonl(at("shifted.jsonl"), [{ ...first, answers: { text: ["Oslo"], answer_start: [3] } }])
}, slow.timeout)

describe("a task", slow, () => {
  it("text-classification: labels are in the config, and the folder predicts as the run did", async () => {
    const ended = await run("text-classification", "bert", "classification.jsonl", "spam", [...all, "--num_train_epochs", "6"])
    expect(ended.code).toBe(0)
    expect(json("spam", "all_results.json")).toMatchObject({ train_samples: 24, eval_samples: 24, eval_accuracy: 1 })
    expect(json("spam", "config.json")).toMatchObject({ id2label: { 0: "bad", 1: "good" }, label2id: { bad: 0, good: 1 } })
    const written = text("spam", "predict_results.txt")
    expect(written).toMatch(/^index\tprediction\n0\tgood\n1\tbad\n/)
    const predict = ["predict", "--task", "text-classification", "--model_name_or_path", "spam", "--device", "cpu"]
    const again = await real([...predict, "--test_file", "classification.jsonl"])
    expect([again.code, again.stdout]).toEqual([0, written])
    expect(again.stderr).toMatch(/predict_accuracy += +1\.0/)
    const noted = JSON.parse(text("spam", "regimen.json")) as { readonly wrote: ReadonlyArray<string> }
    expect(noted.wrote).toEqual(expect.arrayContaining(["config.json", "tokenizer.json", "predict_results.txt"]))
    const same = [...all.slice(0, 1), "--num_train_epochs", "6"]
    const other = await run("text-classification", "bert", "classification.jsonl", "spam", [...same, "--max_seq_length", "20"])
    expect(other.stdout).toMatch(/with other arguments \(max_seq_length\), and no step is left/)
    const data = ["--model_name_or_path", at("bert"), "--train_file", at("classification.jsonl"), "--num_train_epochs", "6"]
    const planned = await regimen(["plan", "--task", "text-classification", ...data, "--json"])
    expect(JSON.parse(planned.stdout)).toMatchObject({ max_steps: 18 })
    const resumed = await regimen(["resume", at("spam"), "--device", "cpu", "--num_train_epochs", "7", "--disable_tqdm"])
    expect(resumed.stdout).toContain("Finished text-classification: 21 steps")
  })

  it("text-classification of any encoder that is here", async () => {
    const ended = await run("text-classification", "electra", "classification.jsonl", "electric", ["--max_steps", "1"])
    expect([ended.code, json("electric", "config.json").architectures]).toEqual([0, ["ElectraForSequenceClassification"]])
  })

  it("text-classification of numbers is a regression", async () => {
    const rows = Models.facts.map(({ text, good }) => ({ text, label: good ? 0.5 : 2 }))
    Models.jsonl(at("numbers.jsonl"), rows)
    const ended = await run("text-classification", "bert", "numbers.jsonl", "numbers", all)
    expect(ended.code).toBe(0)
    expect(json("numbers", "config.json")).toMatchObject({ id2label: { 0: "LABEL_0" }, problem_type: "regression" })
    expect(json("numbers", "all_results.json").eval_mse).toBeLessThan(2)
    expect(text("numbers", "predict_results.txt")).toMatch(/^index\tprediction\n0\t-?\d+\.\d{3}\n/)
  })

  it("token-classification: whole entities are measured, and a label is written for each word", async () => {
    const ended = await run("token-classification", "bert", "tokens.jsonl", "ner", [...all, "--num_train_epochs", "4"])
    expect(ended.code).toBe(0)
    expect(json("ner", "all_results.json")).toMatchObject({ eval_f1: 1, predict_f1: 1, eval_accuracy: 1 })
    expect(json("ner", "config.json")).toMatchObject({ id2label: { 0: "B-LOC", 1: "B-PER", 2: "O" } })
    const lines = Models.rows.tokens.map(({ ner_tags }) => `${ner_tags.join(" ")}\n`)
    expect(text("ner", "predictions.txt")).toBe(lines.join(""))
    Models.jsonl(
      at("untagged.jsonl"),
      Models.rows.tokens.map(({ tokens }) => ({ tokens }))
    )
    const again = await regimen([
      ...["predict", "--task", "token-classification", "--model_name_or_path", at("ner"), "--test_file", at("untagged.jsonl")],
      ...["--device", "cpu", "--json"]
    ])
    expect(JSON.parse(again.stdout)).toMatchObject({ task: "token-classification", files: { "predictions.txt": lines.join("") } })
    expect(Object.keys(JSON.parse(again.stdout).metrics)).not.toContain("predict_f1")
  })

  it("question-answering: the answers of questions, the best of each, and SQuAD's scores", async () => {
    const words = [...all, "--num_train_epochs", "8", "--max_seq_length", "16", "--doc_stride", "1"]
    const ended = await run("question-answering", "bert", "answers.jsonl", "qa", words)
    expect(ended.code).toBe(0)
    const { eval_exact_match, eval_f1, predict_exact_match } = json("qa", "all_results.json")
    expect([eval_exact_match, eval_f1, predict_exact_match]).toEqual([100, 100, 100])
    const right = Object.fromEntries(Models.rows.answers.map(({ answers, id }) => [id, answers.text[0]]))
    expect(JSON.parse(text("qa", "predict_predictions.json"))).toEqual(right)
    expect(JSON.parse(text("qa", "eval_predictions.json"))).toEqual(right)
    const best = JSON.parse(text("qa", "predict_nbest_predictions.json")) as Record<
      string,
      ReadonlyArray<{ probability: number }>
    >
    expect(best.q0!.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1)
  })

  it("causal-lm: blocks of text, their perplexity, and a model that generate takes", async () => {
    const words = ["--do_train", "--do_eval", "--block_size", "32", "--num_train_epochs", "1"]
    const ended = await run("causal-lm", "gpt2", "texts.jsonl", "lm", words)
    expect(ended.code).toBe(0)
    const results = json("lm", "all_results.json")
    expect(results.eval_perplexity).toBeCloseTo(Math.exp(results.eval_loss!))
    expect(results.eval_accuracy).toBeGreaterThan(0)
    const written = await regimen(["generate", at("lm"), "Ann", "Bob", "--max_new_tokens", "4", "--device", "cpu", "--json"])
    const lines = written.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([{ prompt: "Ann" }, { prompt: "Bob" }])
    expect(lines.map(({ texts }) => texts.length)).toEqual([1, 1])
    for (const { texts } of lines) expect(texts[0].length).toBeLessThanOrEqual(4) // without the prompt
    writeFileSync(at("prompts.txt"), "Ann\nBob\n")
    const sampled = ["generate", at("lm"), "--prompts_file", at("prompts.txt"), "--do_sample", "--num_return_sequences", "2"]
    const first = await regimen([...sampled, "--device", "cpu", "--json"])
    const second = await regimen([...sampled, "--device", "cpu", "--json"])
    expect([first.code, first.stdout]).toEqual([0, second.stdout])
    expect(JSON.parse(first.stdout.split("\n")[0]!).texts).toHaveLength(2)
  })

  it("masked-lm: hidden tokens are found, by lines or in blocks", async () => {
    const words = ["--do_train", "--do_eval", "--line_by_line", "--mlm_probability", "0.3", "--num_train_epochs", "1"]
    const ended = await run("masked-lm", "bert", "texts.jsonl", "mlm", words)
    expect(ended.code).toBe(0)
    const results = json("mlm", "all_results.json")
    expect(results.eval_perplexity).toBeCloseTo(Math.exp(results.eval_loss!))
    expect(results).toMatchObject({ train_samples: 24, eval_accuracy: expect.any(Number) })
  })

  it("seq2seq: texts are written and measured, and generate goes on with the folder", async () => {
    const words = [
      ...all,
      "--source_prefix",
      "translate: ",
      "--max_target_length",
      "8",
      "--num_beams",
      "2",
      "--num_train_epochs",
      "1"
    ]
    const ended = await run("seq2seq", "t5", "pairs.jsonl", "t5-out", words)
    expect(ended.code).toBe(0)
    expect(json("t5-out", "all_results.json")).toMatchObject({
      ...{ eval_bleu: expect.any(Number), eval_rouge1: expect.any(Number), eval_gen_len: expect.any(Number) },
      predict_samples: 24
    })
    expect(text("t5-out", "generated_predictions.txt").split("\n")).toHaveLength(25)
    const written = await regimen(["generate", at("t5-out"), "translate: home of Ann", "--max_length", "6", "--device", "cpu"])
    expect([written.code, written.stderr]).toEqual([0, ""])
  })
})

describe("what a run has left", slow, () => {
  const other = Models.rows.classification.map(({ label, text }) => ({ text, label: label === "good" ? "ham" : "spam" }))
  const alone = (phase: string, more: ReadonlyArray<string> = [], model = "bert") =>
    run("text-classification", model, "mail.jsonl", "mail", [phase, ...more])

  it("its labels are those of its weights, whatever the model that it began with calls them", async () => {
    Models.jsonl(at("mail.jsonl"), other)
    expect((await run("text-classification", "bert", "classification.jsonl", "praise")).code).toBe(0)
    const trained = await run("text-classification", "praise", "mail.jsonl", "mail", [...all, "--num_train_epochs", "6"])
    expect(trained.code).toBe(0)
    const written = text("mail", "predict_results.txt")
    expect(written).toMatch(/^index\tprediction\n0\tham\n1\tspam\n/)
    for (const model of ["praise", "bert"]) {
      writeFileSync(at("mail", "predict_results.txt"), "")
      expect((await alone("--do_predict", [], model)).stderr).toBe("")
      expect(text("mail", "predict_results.txt")).toBe(written)
    }
    const swapped = ["--model_name_or_path", at("praise"), "--max_seq_length", "128", "--label_column_name", "label"]
    const again = await run("text-classification", "two-models", "mail.jsonl", "mail", ["--num_train_epochs", "6", ...swapped])
    expect(again.stdout).toContain("has a finished run of text-classification: 18 steps")
    const evaluated = await alone("--do_eval", ["--resume_from_checkpoint", at("mail")])
    expect([evaluated.code, json("mail", "eval_results.json").eval_accuracy]).toEqual([0, 1])
  })
})

describe("a run goes on", slow, () => {
  it("from any folder, with the phases that it was started with, or with others", async () => {
    const words = [
      "--train_file",
      "texts.jsonl",
      "--validation_file",
      "texts.jsonl",
      "--max_steps",
      "1",
      "--do_train",
      "--do_eval"
    ]
    const task = ["train", "--task", "masked-lm", "--model_name_or_path", "bert", "--device", "cpu", "--disable_tqdm"]
    expect((await real([...task, ...words, "--output_dir", "far"])).code).toBe(0)
    rmSync(at("far", "eval_results.json"))
    const resumed = await regimen(["resume", at("far"), "--device", "cpu", "--disable_tqdm", "--max_steps", "2"])
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining("Finished masked-lm: 2 steps")])
    expect(json("far", "eval_results.json")).toMatchObject({ eval_samples: expect.any(Number) })
    rmSync(at("far", "eval_results.json"))
    const trained = await regimen(["resume", at("far"), "--device", "cpu", "--disable_tqdm", "--max_steps", "3", "--do_train"])
    expect([trained.code, existsSync(at("far", "eval_results.json"))]).toEqual([0, false])
  })
})

describe("is reported before step 0", slow, () => {
  const words = (task: string, ...more: ReadonlyArray<string>) => [
    "train",
    "--task",
    task,
    "--device",
    "cpu",
    "--output_dir",
    "none",
    ...more
  ]
  const spam = (...more: ReadonlyArray<string>) => words("text-classification", "--model_name_or_path", at("bert"), ...more)
  it.each([
    ["an unknown task", words("classify"), 'There is no task "classify". Tasks are text-classification,'],
    ["neither program nor task", ["train"], "Nothing to run: pass the file of a program, or --task"],
    ["no training file", spam(), "There is no training data: pass --train_file"],
    ["a file that is not there", spam("--train_file", at("nowhere.jsonl")), "nowhere.jsonl"],
    ["an empty file", spam("--train_file", at("empty.jsonl")), "empty.jsonl has no rows"],
    ["a file that is no JSON", spam("--train_file", at("broken.jsonl")), "broken.jsonl, row 0: is not JSON"],
    [
      "a tokenizer of another model",
      [...spam("--train_file", at("classification.jsonl")), "--tokenizer_name", at("gpt2")],
      "The tokenizer has 25"
    ],
    ["no model", words("text-classification", "--train_file", at("texts.jsonl")), "--model_name_or_path is missing"],
    [
      "a folder without a model",
      words("text-classification", "--model_name_or_path", "no/where/at/all", "--train_file", at("texts.jsonl")),
      "There is no model in no/where/at/all: it has no config.json"
    ],
    [
      "a missing column",
      spam("--train_file", at("texts.jsonl")),
      "texts.jsonl has no column label; it has text. Name the right one with --label_column_name."
    ],
    [
      "a column that is named wrongly",
      spam("--train_file", at("classification.jsonl"), "--text_column_names", "body"),
      "has no column body; it has text, label. Name the right one with --text_column_names."
    ],
    [
      "an unknown label",
      spam("--train_file", at("classification.jsonl"), "--do_train", "--do_eval", "--validation_file", at("odd.jsonl")),
      'odd.jsonl, row 1: the label "odd" is not known; labels are bad, good.'
    ],
    [
      "a prediction of a model that knows no labels",
      ["predict", "--task", "text-classification", "--model_name_or_path", at("bert"), "--test_file", at("texts.jsonl")],
      "was not trained for text-classification: it names no labels. Train it first"
    ],
    [
      "a model of another kind",
      words("text-classification", "--model_name_or_path", at("gpt2"), "--train_file", at("classification.jsonl")),
      'is of the type "gpt2", which has no head for text-classification. Models for it are bert, roberta, distilbert, electra.'
    ],
    [
      "a setting of another task",
      spam("--train_file", at("classification.jsonl"), "--doc_stride", "3"),
      "There is no argument doc_stride"
    ],
    [
      "an answer that is not at its position",
      words("question-answering", "--model_name_or_path", at("bert"), "--train_file", at("shifted.jsonl")),
      'the text does not have "Oslo" at 3'
    ],
    [
      "a prediction of a language model",
      words("causal-lm", "--do_predict", "--model_name_or_path", at("gpt2"), "--test_file", at("texts.jsonl")),
      "regimen generate writes texts"
    ],
    ["a setting of a generation that is none", ["generate", at("gpt2"), "Ann", "--num_beams", "0"], "num"],
    ["no prompt", ["generate", at("gpt2"), "--prompts_file", at("empty.jsonl")], "There is no prompt"]
  ])("%s", async (_, words, message) => {
    const ended = await regimen(words)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).toMatch(/^regimen: [^\n]*\n$/)
    expect(ended.stdout).toBe("")
    expect(ended.code).toBe(2)
  })

  it("another number of labels than the model's, unless its head is to begin anew", async () => {
    Models.jsonl(
      at("three.jsonl"),
      Models.rows.classification.map((row, i) => (i % 3 === 0 ? { ...row, label: "odd" } : row))
    )
    await run("text-classification", "bert", "classification.jsonl", "two")
    const three = (...more: ReadonlyArray<string>) => run("text-classification", "two", "three.jsonl", "three", more)
    const refused = await three()
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("tells 2 labels apart, and the data have 3")])
    expect((await three("--ignore_mismatched_sizes")).code).toBe(0)
    expect(json("three", "config.json")).toMatchObject({ id2label: { 2: "odd" } })
  })
})
