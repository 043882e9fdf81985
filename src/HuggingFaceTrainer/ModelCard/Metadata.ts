/** The front matter of a model card: what a hub shows beside the card, and sorts models by. */
import * as Yaml from "./Yaml.ts"

/** One or several. */
export type Names = string | ReadonlyArray<string>

export interface Metadata {
  /** Codes, such as `en`. */
  readonly language?: Names
  readonly license?: string
  /** `generated_from_trainer` is always among them. */
  readonly tags?: Names
  /** The model that this one was made from. */
  readonly finetunedFrom?: string
  /** Tasks, by their identifiers on a hub: `text-classification`. */
  readonly tasks?: Names
  /** Datasets, by their names for people. */
  readonly dataset?: Names
  /** Datasets, by their identifiers on a hub; in the order of `dataset`. */
  readonly datasetTags?: Names
  /** What the datasets were loaded with: a configuration's name. */
  readonly datasetArgs?: Names
}

/** Writes the front matter. `results`: figures by their names for people. **Source**: `TrainingSummary.create_metadata`, `create_model_index`. */
export const render = (
  metadata: Metadata,
  model: { readonly name: string; readonly library: string; readonly results: Readonly<Record<string, number>> }
): string => {
  const metrics = metricsOf(model.results)
  return `---\n${Yaml.stringify({
    library_name: model.library,
    language: some(listOf(metadata.language)),
    license: metadata.license,
    base_model: metadata.finetunedFrom === "" ? undefined : metadata.finetunedFrom,
    tags: tags(metadata.tags),
    datasets: some(listOf(metadata.datasetTags)),
    metrics: some(metrics.map(({ type }) => type)),
    "model-index": [{ name: model.name, results: index(metadata, metrics) }]
  })}---\n`
}

/** The tags of a card that is there already, to be kept in the next. A text without front matter has none. */
export const tagsOf = (card: string): ReadonlyArray<string> => {
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? ""
  const lines = /^tags:[ \t]*\r?\n((?:[ \t]*- .*(?:\r?\n|$))*)/m.exec(front)?.[1] ?? ""
  return lines.split("\n").flatMap((line) => /^\s*- ("?)(.*?)\1\s*$/.exec(line)?.[2] ?? [])
}

export const listOf = (names: Names | undefined): ReadonlyArray<string> =>
  names === undefined ? [] : typeof names === "string" ? [names] : names

const some = (names: ReadonlyArray<string>): ReadonlyArray<string> | undefined => (names.length === 0 ? undefined : names)

const ours = "generated_from_trainer"
const tags = (given: Names | undefined): ReadonlyArray<string> => [...new Set([...listOf(given), ours])]

interface Reported {
  readonly name: string
  readonly type: string
  readonly value: number
}

/** Figures that a hub knows, by its identifiers. */
const known = new Set("accuracy bleu f1 matthews_correlation pearsonr precision recall rouge sacrebleu spearmanr wer".split(" "))

const metricsOf = (results: Readonly<Record<string, number>>): ReadonlyArray<Reported> =>
  Object.entries(results).flatMap(([name, value]) => {
    const type = name.toLowerCase().replaceAll(" ", "_")
    if (known.has(type)) return [{ name, type, value }]
    return type === "rouge1" ? [{ name, type: "rouge", value }] : []
  })

/** A result is of a task and a dataset, each known: a hub refuses one that is not whole. */
const index = (metadata: Metadata, metrics: ReadonlyArray<Reported>): ReadonlyArray<Yaml.Yaml> => {
  if (metrics.length === 0) return []
  const names = listOf(metadata.dataset)
  const args = listOf(metadata.datasetArgs)
  const tasks = listOf(metadata.tasks).filter((type) => Object.hasOwn(taskNames, type))
  const datasets = listOf(metadata.datasetTags).slice(0, names.length)
  return tasks.flatMap((type) =>
    datasets.map((tag, i) => ({
      task: { name: taskNames[type]!, type },
      dataset: { name: names[i]!, type: tag, args: args[i] },
      metrics: metrics.map((metric) => ({ ...metric }))
    }))
  )
}

const taskNames: Readonly<Record<string, string>> = {
  "text-generation": "Causal Language Modeling",
  "image-classification": "Image Classification",
  "image-segmentation": "Image Segmentation",
  "fill-mask": "Masked Language Modeling",
  "object-detection": "Object Detection",
  "question-answering": "Question Answering",
  "text2text-generation": "Sequence-to-sequence Language Modeling",
  "text-classification": "Text Classification",
  "table-question-answering": "Table Question Answering",
  "token-classification": "Token Classification",
  translation: "Translation",
  summarization: "Summarization",
  "zero-shot-classification": "Zero-Shot Classification",
  "automatic-speech-recognition": "Automatic Speech Recognition",
  "audio-classification": "Audio Classification"
}
