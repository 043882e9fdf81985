/** For each argument of what a command does, two values that change how it ends, what it says or draws, what it logs, or which files it leaves. */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Console, Effect, Layer, Stdio } from "effect"
import { vi } from "vitest"
import { main } from "../../src/cli/Regimen.ts"
import * as Command from "../support/command.ts"
import { cases, type Seen } from "../support/honoured/command.ts"
import * as VirtualTerminal from "../unit/Layer/Logger/virtualTerminal.ts"

/** Figures, which the clock may change, and the room before them. */
const figures = / *\d[\d.,:]*(?:e-?\d+)?/g

const rows = Array.from({ length: 5 }, (_, i) =>
  JSON.stringify({ x: [Math.sin(i), Math.sin(2 * i), Math.sin(3 * i)], label: i % 2 })
)

/** The command in this process, in the folder where it stands, at a terminal. */
const command = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
  const printed: Array<string> = []
  const collect = (text: unknown) => void printed.push(String(text))
  vi.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0)
  const args = Effect.succeed([
    "train",
    Command.tiny,
    "--output_dir",
    "out",
    ...(words.includes("--device") ? [] : ["--device", "cpu"]),
    ...words
  ])
  const stdio = Layer.effect(
    Stdio.Stdio,
    Effect.map(Stdio.Stdio, (stdio) => ({ ...stdio, args }))
  ).pipe(Layer.provideMerge(terminal.layer))
  const before = process.exitCode
  yield* main.pipe(
    Effect.provideService(Console.Console, { ...globalThis.console, log: collect, error: collect }),
    Effect.provide(Layer.provideMerge(stdio, NodeServices.layer), { local: true }),
    Effect.ensuring(Effect.sync(() => vi.restoreAllMocks()))
  )
  const code = process.exitCode
  process.exitCode = before
  return { code, printed: printed.join("\n"), bytes: terminal.bytes() }
})

/** What is there: the models by what they hold, event files without the time in their names. */
const left = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) =>
      file.endsWith("model.safetensors")
        ? `${file} ${createHash("sha256")
            .update(readFileSync(join(folder, file)))
            .digest("hex")}`
        : file.replace(/tfevents.*/, "tfevents")
    )
    .sort()

/** The lines of a log. */
const linesOf = (file: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
    : []

/** What is seen of a command in a folder of its own, after another one. */
const seen = Effect.fnUntraced(function* (words: ReadonlyArray<string>, before: ReadonlyArray<string> | undefined) {
  const { path, at, remove } = Command.folder()
  const home = process.cwd()
  const found = Effect.gen(function* () {
    process.chdir(path)
    writeFileSync(at("rows.jsonl"), rows.join("\n"))
    if (before !== undefined) yield* command(before)
    const { bytes, code, printed } = yield* command(words)
    const lines = linesOf(at("out/log.jsonl"))
    return {
      code,
      printed: printed.replace(figures, "#"),
      drawn: bytes.includes("\u001b[?25l"),
      files: left(path),
      log: lines.filter(({ kind }) => kind !== "config").map(({ kind, step, values }) => ({ kind, step, values })),
      name: lines.map(({ config }) => (config as Readonly<Record<string, unknown>> | undefined)?.run_name)
    } satisfies Record<Seen, unknown>
  })
  return yield* Effect.ensuring(
    found,
    Effect.sync(() => {
      process.chdir(home)
      remove()
    })
  )
})

it.live.each(cases)("$name", ({ before, both = [], changes, one, other }) =>
  Effect.gen(function* () {
    const first = yield* seen([...both, ...one], before)
    const second = yield* seen([...both, ...other], before)
    const changed = (Object.keys(first) as ReadonlyArray<Seen>).filter(
      (what) => JSON.stringify(second[what]) !== JSON.stringify(first[what])
    )
    expect(changed).toEqual(changes)
  })
)

it.live("the same words do the same", () =>
  Effect.gen(function* () {
    const words = ["--do_train", "--do_eval", "--do_predict", "--test_file", "rows.jsonl", "--report_to", "tensorboard"]
    expect(yield* seen(words, undefined)).toEqual(yield* seen(words, undefined))
  })
)
