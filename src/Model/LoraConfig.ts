/** An adapter's settings, here and in PEFT's `adapter_config.json`. */
import type { Model } from "./Model.ts"
import type { Transformer } from "./Transformer.ts"

export interface Settings {
  readonly rank: number
  /** What the matrices add is scaled by `alpha / rank`. */
  readonly alpha: number
  /** Which modules are adapted: ends of their paths (`query`, `attention.self.query`), or one regular expression for whole paths. */
  readonly targets: string | ReadonlyArray<string>
  /**
   * Ends of the paths of modules that are trained whole and kept with the adapter: a new head. They are not adapted. An end may begin within a word, as in
   * PEFT: `classifier` is `pre_classifier` too.
   */
  readonly modulesToSave?: ReadonlyArray<string>
  /** Of the input of `lora_A`. What is added here is a part of the weight, which no dropout of an input reaches: 0 alone is honoured. */
  readonly dropout?: number
  /** Scales by `alpha / sqrt(rank)`. */
  readonly rslora?: boolean
  /** Writes all weights into checkpoints and `saveModel`, and not the adapter alone. Default: only for a base with buffers, which a resumed run needs. */
  readonly wholeWeights?: boolean
}

export const fileName = "adapter_config.json"

export interface Options {
  readonly base: Model
  readonly settings: Required<Settings>
  /** The paths of all parameters. */
  readonly paths: ReadonlyArray<string>
  readonly trainable: (path: string) => boolean
  /** Where the base model is: a folder or an id. Default: where it was loaded from. PEFT's `AutoPeftModel` reads it. */
  readonly baseModel?: string | undefined
}

/** Makes the config by PEFT's names; what PEFT has beyond the settings is at its defaults. */
export const make = ({ base, settings, paths, trainable, baseModel }: Options) => ({
  base_model_name_or_path: baseModel ?? (base as Partial<Transformer>).nameOrPath ?? null,
  bias: "none",
  fan_in_fan_out: base.fanInFanOut !== undefined,
  inference_mode: true,
  init_lora_weights: true,
  lora_alpha: settings.alpha,
  lora_dropout: settings.dropout,
  modules_to_save: settings.modulesToSave.length === 0 ? null : settings.modulesToSave,
  peft_type: "LORA",
  r: settings.rank,
  target_modules: settings.targets,
  task_type: taskOf(base, paths, trainable),
  use_rslora: settings.rslora
})

/** Renders the file. */
export const render = (options: Options): string => `${JSON.stringify(make(options), null, 2)}\n`

/** PEFT's name of an architecture's task. For a head of classes or answers PEFT looks for that head in the files, so the task is named only if it is there. */
const taskOf = (base: Model, paths: ReadonlyArray<string>, trainable: (path: string) => boolean): string | null => {
  const architecture = "architecture" in base ? String(base.architecture) : ""
  const task = Object.entries(tasks).find(([end]) => architecture.endsWith(end))?.[1] ?? null
  const head = heads[String(task)]
  const left = head !== undefined && paths.some((path) => head.test(path) && !trainable(path))
  return left ? null : task
}

/** What it takes for the head. */
const heads: Readonly<Record<string, RegExp>> = {
  SEQ_CLS: /(classifier|score)\./,
  TOKEN_CLS: /(classifier|score)\./,
  QUESTION_ANS: /qa_outputs\./
}

const tasks: Readonly<Record<string, string>> = {
  ForSequenceClassification: "SEQ_CLS",
  ForTokenClassification: "TOKEN_CLS",
  ForQuestionAnswering: "QUESTION_ANS",
  ForCausalLM: "CAUSAL_LM",
  LMHeadModel: "CAUSAL_LM",
  ForConditionalGeneration: "SEQ_2_SEQ_LM"
}
