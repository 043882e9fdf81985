/** Renders the draft of a model card: a README in Markdown that describes a model, its training and its results. */
import type { Arguments } from "../Arguments/Arguments.ts"
import type { Scalars } from "../Layer/Logger/Logger.ts"
import * as Hyperparameters from "./ModelCard/Hyperparameters.ts"
import * as Metadata from "./ModelCard/Metadata.ts"
import * as Results from "./ModelCard/Results.ts"

export { type Metadata, type Names, tagsOf } from "./ModelCard/Metadata.ts"

export interface Options extends Metadata.Metadata {
  /** The model's name; the output folder's by default in the Trainer. */
  readonly name: string
  /** The log of the run, oldest first. */
  readonly history: ReadonlyArray<Scalars>
  readonly args?: Arguments
  /** Versions of the software, by its name. */
  readonly versions?: Readonly<Record<string, string>>
  /** Which library the hub should load the model with. Default "regimen". */
  readonly library?: string
}

/**
 * Writes the card: front matter for a hub, the results of the last evaluation, and the training procedure. What cannot be derived from a run is left to its
 * author, under headings of its own.
 *
 * **Source**: `Trainer.create_model_card` and its parameters; headings, figures and their order are those of `TrainingSummary.to_model_card`.
 */
export const render = (options: Options): string => {
  const { args, history, library = "regimen", name, versions = {} } = options
  const results = Results.last(history)
  const lines = Results.lines(history)
  const figures = Object.entries(results ?? {})
  return [
    Metadata.render(options, { name, library, results: results ?? {} }),
    "\n<!-- A draft that the trainer made from what it knows. Read it, complete it, then take this comment away. -->\n",
    `\n# ${line(name)}\n\n`,
    `${origin(options)} ${data(options)}\n`,
    ...(figures.length === 0
      ? []
      : ["Its results on the evaluation set:\n", ...figures.map(([name, value]) => item(name, Results.figure(name, value)))]),
    ...["Model description", "Intended uses & limitations", "Training and evaluation data"].map(
      (title) => `\n## ${title}\n\n${todo}\n`
    ),
    "\n## Training procedure\n",
    "\n### Training hyperparameters\n\n",
    ...(args === undefined ? [`${todo}\n`] : Hyperparameters.list(args).map(([name, value]) => item(name, value))),
    ...(lines === undefined ? [] : [`\n### Training results\n\n${Results.table(lines)}\n`]),
    "\n### Framework versions\n\n",
    ...Object.entries(versions).map(([name, version]) => `- ${line(name)} ${line(version)}\n`)
  ].join("")
}

const todo = "More information is needed."

const item = (name: string, value: string): string => `- ${line(name)}: ${line(value)}\n`

/** A name from outside stays on its line. */
const line = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, " ")

const origin = ({ finetunedFrom = "" }: Options): string =>
  finetunedFrom === ""
    ? "This model was trained from scratch on"
    : `This model is a fine-tuned version of [${line(finetunedFrom)}](https://huggingface.co/${encodeURI(line(finetunedFrom))}) on`

const data = ({ dataset }: Options): string => {
  const names = Metadata.listOf(dataset).map((name) => `the ${line(name)}`)
  if (names.length === 0) return "a dataset that is not named."
  if (names.length === 1) return `${names[0]} dataset.`
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} datasets.`
}
