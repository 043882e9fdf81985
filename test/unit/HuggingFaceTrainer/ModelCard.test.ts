import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as ModelCard from "../../../src/HuggingFaceTrainer/ModelCard.ts"
import type { Scalars } from "../../../src/Layer/Logger/Logger.ts"

const entry = (kind: Scalars["kind"], step: number, values: Scalars["values"], set?: string): Scalars => ({
  _tag: "Scalars",
  run: "r",
  attempt: 1,
  kind,
  step,
  epoch: step / 3,
  values,
  clock: kind === "train" ? {} : { [`${set ?? "train"}_runtime`]: 0.5 },
  ...(set === undefined ? {} : { set })
})

/** The values of a recorded run, except for the first loss; its card was compared by hand. */
const history = [
  entry("train", 3, { loss: 1.10002, grad_norm: 0.5558518171310425, learning_rate: 0.001 }),
  entry("eval", 3, { eval_loss: 1.0893291234970093, eval_accuracy: 0.2857142857142857 }, "eval"),
  entry("train", 6, { loss: 1.0904, grad_norm: 0.5830459594726562, learning_rate: 0.00025 }),
  entry("eval", 6, { eval_loss: 1.0827198028564453, eval_accuracy: 0.2857142857142857 }, "eval"),
  entry("summary", 6, { train_loss: 1.0920857588450115, total_flos: 24824292 })
]

const args = (input: Arguments.Input = {}) => Result.getOrThrow(Arguments.make(input))
const front = (card: string) => card.split("---\n")[1]
const section = (card: string, title: string) => card.split(`${title}\n`)[1]?.split("\n#")[0]?.trim().split("\n")

describe("model card", () => {
  it("has the headings of the Trainer's card, in order", () => {
    const card = ModelCard.render({ name: "run", history, args: args() })
    expect(card.split("\n").filter((line) => line.startsWith("#"))).toEqual([
      "# run",
      "## Model description",
      "## Intended uses & limitations",
      "## Training and evaluation data",
      "## Training procedure",
      "### Training hyperparameters",
      "### Training results",
      "### Framework versions"
    ])
    expect(card).toContain("\nThis model was trained from scratch on a dataset that is not named.\n")
    expect(section(card, "on the evaluation set:")).toEqual(["- Loss: 1.0827", "- Accuracy: 0.2857"])
  })

  it("has a table row for each evaluation during training", () => {
    const after = entry("eval", 6, { eval_loss: 1, eval_accuracy: 0.5 }, "eval")
    const early = entry("eval", 0, { eval_loss: 2, eval_accuracy: 0 }, "eval")
    const other = entry("eval", 6, { eval_b_loss: 3 }, "eval_b")
    const card = ModelCard.render({ name: "run", history: [early, other, ...history, after, other] })
    expect(section(card, "### Training results")).toEqual([
      "| Training Loss | Epoch | Step | Validation Loss | Accuracy |",
      "|:-------------:|:-----:|:----:|:---------------:|:--------:|",
      "| No log        | 0.0   | 0    | 2.0             | 0.0      |",
      "| 1.1           | 1.0   | 3    | 1.0893          | 0.2857   |",
      "| 1.0904        | 2.0   | 6    | 1.0827          | 0.2857   |"
    ])
    expect(section(card, "on the evaluation set:")).toEqual(["- Loss: 1.0", "- Accuracy: 0.5"])
  })

  it("has no results for a run without evaluations, and no table without training", () => {
    const trained = ModelCard.render({ name: "run", history: history.filter(({ kind }) => kind !== "eval") })
    expect(trained).toContain("### Training results\n\n\n\n### Framework versions")
    expect(trained).not.toContain("evaluation set:")
    const evaluated = ModelCard.render({ name: "run", history: history.slice(1, 2) })
    expect(evaluated).not.toContain("### Training results")
    expect(evaluated).toContain("- Loss: 1.0893\n")
  })

  it("lists the hyperparameters of the arguments", () => {
    const card = (input: Arguments.Input) =>
      section(ModelCard.render({ name: "run", history, args: args(input) }), "### Training hyperparameters")
    const rows = { perDeviceTrainBatchSize: 4, perDeviceEvalBatchSize: 4, learningRate: 1e-3, seed: 1234 }
    expect(card({ ...rows, numTrainEpochs: 2, warmupSteps: 2 })).toEqual([
      "- learning_rate: 0.001",
      "- train_batch_size: 4",
      "- eval_batch_size: 4",
      "- seed: 1234",
      "- optimizer: adamw_torch_fused, betas=(0.9,0.999), epsilon=1e-08, no further arguments",
      "- lr_scheduler_type: linear",
      "- lr_scheduler_warmup_steps: 2",
      "- num_epochs: 2"
    ])
    expect(
      card({
        ...{ ...rows, maxSteps: 3, gradientAccumulationSteps: 2, optim: "adafactor", lrSchedulerType: "cosine" },
        ...{ warmupRatio: 0.1, labelSmoothingFactor: 0.1 }
      })
    ).toEqual([
      "- learning_rate: 0.001",
      "- train_batch_size: 4",
      "- eval_batch_size: 4",
      "- seed: 1234",
      "- gradient_accumulation_steps: 2",
      "- total_train_batch_size: 8",
      "- optimizer: adafactor, no further arguments",
      "- lr_scheduler_type: cosine",
      "- lr_scheduler_warmup_ratio: 0.1",
      "- training_steps: 3",
      "- label_smoothing_factor: 0.1"
    ])
  })

  it("names one dataset, or several, and the base model", () => {
    const about = (given: Partial<ModelCard.Options>) =>
      ModelCard.render({ name: "run", history: [], ...given })
        .split("\n")
        .find((line) => line.startsWith("This model"))
    expect(about({ finetunedFrom: "some/base-model", dataset: "synthetic" })).toBe(
      "This model is a fine-tuned version of [some/base-model](https://huggingface.co/some/base-model) on the synthetic dataset."
    )
    expect(about({ dataset: ["a", "b", "c"] })).toBe("This model was trained from scratch on the a, the b and the c datasets.")
  })

  it("lists the given versions, and escapes line breaks and pipes of input", () => {
    const card = ModelCard.render({ name: "a\n# b", history: [], versions: { Regimen: "1.2.3" }, dataset: "x\n\n## y" })
    expect(section(card, "### Framework versions")).toEqual(["- Regimen 1.2.3"])
    expect(card).toContain("\n# a # b\n")
    expect(card).toContain("the x ## y dataset")
    const escaped = [entry("eval", 1, { "eval_a|b": 0.5 }, "eval"), entry("summary", 1, {})]
    expect(ModelCard.render({ name: "run", history: escaped })).toContain("| A\\|b |")
  })
})

describe("front matter", () => {
  it("has every parameter, and the results of the task on the dataset", () => {
    const card = ModelCard.render({
      ...{ name: "tiny-bert-golden", history, library: "transformers", language: "en", license: "apache-2.0" },
      ...{ tags: ["golden", "generated_from_trainer"], finetunedFrom: "some/base-model", tasks: "text-classification" },
      ...{ dataset: "synthetic", datasetTags: "synthetic", datasetArgs: "default" }
    })
    expect(front(card)).toBe(`library_name: transformers
language:
- en
license: apache-2.0
base_model: some/base-model
tags:
- golden
- generated_from_trainer
datasets:
- synthetic
metrics:
- accuracy
model-index:
- name: tiny-bert-golden
  results:
  - task:
      name: Text Classification
      type: text-classification
    dataset:
      name: synthetic
      type: synthetic
      args: default
    metrics:
    - name: Accuracy
      type: accuracy
      value: 0.2857142857142857
`)
  })

  it("omits fields that are not given", () => {
    expect(front(ModelCard.render({ name: "other options", history: [], finetunedFrom: "", tags: [] }))).toBe(
      "library_name: regimen\ntags:\n- generated_from_trainer\nmodel-index:\n- name: other options\n  results: []\n"
    )
  })

  it("has a result for each known task and dataset, and no incomplete result", () => {
    const types = (given: Partial<ModelCard.Options>) =>
      [...front(ModelCard.render({ name: "run", history, ...given }))!.matchAll(/ type: (.*)/g)].map(([, type]) => type)
    const two = { tasks: ["translation", "summarization", "no-such-task"], dataset: ["A", "B"], datasetTags: ["a", "b"] }
    const results = ["translation", "summarization"].flatMap((task) => ["a", "b"].flatMap((data) => [task, data, "accuracy"]))
    expect(types(two)).toEqual(results)
    expect(types({ ...two, tasks: "no-such-task" })).toEqual([])
    expect(types({ ...two, dataset: [] })).toEqual([])
    expect(types({ ...two, history: [] })).toEqual([])
  })

  it("lists rouge1 as rouge", () => {
    const card = ModelCard.render({ name: "run", history: [entry("eval", 1, { eval_rouge1: 0.25, eval_other: 1 }, "eval")] })
    expect(front(card)).toContain("metrics:\n- rouge\nmodel-index")
  })

  it("quotes strings that YAML would parse as another value", () => {
    const card = ModelCard.render({
      ...{ name: '1: "x" #', history: [entry("eval", 1, { eval_wer: 1e-7, eval_f1: Number.NaN, eval_bleu: 3 }, "eval")] },
      ...{
        language: ["no", "en"],
        tags: ["a: b", "- c", "true", " d", "é"],
        tasks: "translation",
        dataset: "x",
        datasetTags: "x"
      }
    })
    const found = front(card)!
    expect(found).toContain('language:\n- "no"\n- en\n')
    expect(found).toContain('tags:\n- "a: b"\n- "- c"\n- "true"\n- " d"\n- "é"\n- generated_from_trainer\n')
    expect(found).toContain('- name: "1: \\"x\\" #"\n')
    expect([...found.matchAll(/value: (.*)/g)].map(([, value]) => value)).toEqual(["1.0e-07", ".nan", "3.0"])
  })

  it("reads the tags of an existing card", () => {
    const tags = ["golden", "a: b"]
    const card = ModelCard.render({ name: "run", history, tags, datasetTags: "x" })
    expect(ModelCard.tagsOf(card)).toEqual([...tags, "generated_from_trainer"])
    expect(ModelCard.tagsOf(ModelCard.render({ name: "run", history, tags: ["new", ...ModelCard.tagsOf(card)] }))).toEqual([
      "new",
      ...tags,
      "generated_from_trainer"
    ])
    expect(ModelCard.tagsOf("---\r\ntags:\r\n  - x y\r\nlicense: mit\r\n---\r\n")).toEqual(["x y"])
    expect(["", "# tags:\n- x", "---\nlicense: mit\n---\ntags:\n- x"].flatMap(ModelCard.tagsOf)).toEqual([])
  })
})
