/** `regimen generate`: texts that a model writes, from prompts. */
import { Console, Effect, FileSystem, Result, Schema, Stdio, Stream } from "effect"
import { toSnake } from "../Arguments/ArgumentNames.ts"
import * as Field from "../Arguments/Field.ts"
import type * as FieldTable from "../Arguments/FieldTable.ts"
import * as Pretrained from "../Checkpoint/Pretrained.ts"
import * as Generation from "../Evaluation/Generation.ts"
import { Device } from "../Layer/Device/Device.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as Prompt from "../Model/Generation/Prompt.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as ChatTemplate from "../Tokenizer/ChatTemplate.ts"
import type { ChatTemplateError } from "../Tokenizer/Errors.ts"
import * as Tokenizer from "../Tokenizer/Tokenizers.ts"

/** There is nothing to go on from. */
export class NoPrompt extends Schema.TaggedError<NoPrompt>()("NoPrompt", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export interface Given {
  readonly model: string
  readonly prompts: ReadonlyArray<string>
  /** By their names in camelCase. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly device: Devices.Name
  readonly json: boolean
}

/** A value that is JSON, or else a text: each setting is checked by `Generation.settings`. */
const anything: Field.Field<unknown> = {
  kind: "text",
  schema: Schema.Unknown,
  default: null,
  expected: "a value"
}

const read = (given: unknown): unknown =>
  typeof given === "string"
    ? Result.getOrElse(
        Result.try(() => JSON.parse(given) as unknown),
        () => given
      )
    : given

/** Flags that are about the command. */
const further = {
  prompts_file: Field.about("A file with a prompt on each line", Field.optional(Field.text(""))),
  chat: Field.about("Prompts are what a user says: the model's chat template is put around them", Field.boolean(false)),
  seed: Field.about("Seed of the sampling", Field.integer(42, { minimum: 0 })),
  revision: Field.about("Branch, tag or commit on the hub", Field.text("main"))
}

/** All settings of a generation as flags, and the command's own. */
export const fields: FieldTable.Table = {
  ...Object.fromEntries(
    Object.entries(Generation.defaults).map(([name, value]) => [
      toSnake(name),
      typeof value === "boolean" && name !== "earlyStopping" ? Field.boolean(value) : { ...anything, default: value }
    ])
  ),
  ...further
} as FieldTable.Table

/** Tokens beyond the prompt, where neither a flag nor the model's folder says how many. */
const usual = 50

/** Writes a text, or as many as are asked for, for each prompt. Without prompts each line of standard input is one. */
export const generate = Effect.fnUntraced(function* ({ device: name, json, model: from, prompts, settings }: Given) {
  const {
    chat = false,
    promptsFile,
    revision = "main",
    seed = 42,
    ...flags
  } = settings as {
    readonly chat?: boolean
    readonly promptsFile?: string | null
    readonly revision?: string
    readonly seed?: number
  }
  const given: Generation.Input = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, read(value)]))
  const all = yield* promptsOf(prompts, promptsFile ?? undefined)
  const { folder, model } = yield* Pretrained.load(from, { revision })
  const tokenizer = yield* Tokenizer.load(folder)
  const own = yield* Effect.fromResult(Generation.ofModel(model))
  const long = [own, given].some(({ maxLength, maxNewTokens }) => (maxLength ?? maxNewTokens ?? null) !== null)
  const asked: Generation.Input = { ...(long ? {} : { maxNewTokens: usual }), ...given }
  const chosen = yield* Effect.fromResult(Generation.settings(own, asked))
  const encode = (prompt: string) =>
    Effect.try({
      try: () => {
        const ids = chat
          ? tokenizer.toIds(ChatTemplate.render(tokenizer, [{ role: "user", content: prompt }], { addGenerationPrompt: true }))
          : Tokenizer.encode(tokenizer, prompt, { typeIds: false }).input_ids
        if (ids.length === 0) throw new NoPrompt({ reason: "A prompt is empty. Give some text to go on from." })
        return ids
      },
      catch: (cause) => cause as NoPrompt | ChatTemplateError
    })
  const { decode } = model
  const encoded = yield* Effect.forEach(
    all,
    Effect.fnUntraced(function* (prompt) {
      const ids = yield* encode(prompt)
      const batch = { input_ids: HostTensor.fromArray([ids], "int32") }
      if (decode !== undefined) yield* Effect.fromResult(Prompt.make({ ...model, decode }, batch, chosen))
      return { batch, prompt, size: ids.length }
    })
  )
  const write = Effect.gen(function* () {
    const device = yield* Device
    const parameters = yield* Effect.acquireRelease(device.put(model.init(Key.make(seed))), device.dispose)
    for (const [i, { batch, prompt, size }] of encoded.entries()) {
      const { sequences } = yield* Generation.generate({
        model,
        weights: { parameters, buffers: {} },
        batch,
        settings: asked,
        key: Key.fold(Key.make(seed), i)
      })
      const texts = textsOf(tokenizer, sequences, model.encode === undefined ? size : 0)
      yield* Console.log(json ? JSON.stringify({ prompt, texts }) : texts.join("\n"))
    }
  })
  yield* Effect.scoped(write).pipe(Effect.provide(Devices.named(name)))
})

const promptsOf = Effect.fnUntraced(function* (given: ReadonlyArray<string>, file: string | undefined) {
  const lines = (text: string) => text.split(/\r?\n/).filter((line) => line !== "")
  const fs = yield* FileSystem.FileSystem
  const stdio = yield* Stdio.Stdio
  const found =
    file !== undefined
      ? lines(
          yield* Effect.mapError(
            fs.readFileString(file),
            () => new NoPrompt({ reason: `${file} cannot be read: give the path of a file of prompts.` })
          )
        )
      : given.length > 0 || (yield* stdio.stdinIsTerminal)
        ? []
        : lines(yield* Stream.mkString(Stream.decodeText(stdio.stdin)))
  const all = [...given, ...found]
  if (all.length === 0)
    return yield* new NoPrompt({
      reason: "There is no prompt: give one behind the model, a --prompts_file, or lines on standard input."
    })
  return all
})

/** What was written behind the prompt. */
const textsOf = (
  tokenizer: Tokenizer.Tokenizer,
  { data, shape }: HostTensor.HostTensor,
  prompt: number
): ReadonlyArray<string> => {
  const [rows = 0, length = 0] = shape
  return Array.from({ length: rows }, (_, row) =>
    Tokenizer.decode(tokenizer, data.subarray(row * length + prompt, (row + 1) * length), { skipSpecialTokens: true })
  )
}
