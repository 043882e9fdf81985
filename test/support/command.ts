/** The real command as a child process, in a folder of its own. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Stdio } from "effect"
import { main } from "../../src/cli/Regimen.ts"

const root = new URL("../../", import.meta.url).pathname

/** The program that the tests train. */
export const tiny = join(root, "test/support/programs/tiny.ts")

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** What is run in the command's place. */
  readonly script?: string
  /** Flags of Node itself. */
  readonly node?: ReadonlyArray<string>
  /** Words before `node`: another user. */
  readonly before?: ReadonlyArray<string>
}

/** A folder that commands run in, and that goes when it is disposed of. */
export const folder = () => {
  const path = mkdtempSync(join(tmpdir(), "regimen-"))
  const regimen = (words: ReadonlyArray<string>, options: Options = {}) =>
    new Promise<Ended>((resolve, reject) => {
      const script = join(root, options.script ?? "src/cli/main.ts")
      const [file, ...args] = [...(options.before ?? []), process.execPath, ...(options.node ?? []), script, ...words] as [
        string,
        ...Array<string>
      ]
      const child = spawn(file, args, {
        cwd: path,
        env: { ...process.env, ...options.env },
        timeout: 60_000,
        killSignal: "SIGKILL"
      })
      const text = { stdout: "", stderr: "" }
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text.stdout += chunk
      })
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        text.stderr += chunk
      })
      child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, ...text }))
    })
  /** Trains the tiny program on the cpu. */
  const train = (output: string, words: ReadonlyArray<string> = [], options: Options = {}) =>
    regimen(["train", tiny, "--device", "cpu", "--output_dir", output, ...words], options)
  return {
    path,
    at: (...names: ReadonlyArray<string>) => join(path, ...names),
    regimen,
    train,
    remove: () => rmSync(path, { recursive: true, force: true })
  }
}

/** The command in this process, which is many times faster: one after the other, with whole paths. The output of its loggers is discarded. */
export const inProcess = async (words: ReadonlyArray<string>): Promise<Omit<Ended, "signal">> => {
  const text = { stdout: "", stderr: "" }
  const to = (stream: keyof typeof text) => (line: unknown) => {
    text[stream] += `${line}\n`
  }
  const aside: Console.Console = Object.assign(Object.create(globalThis.console), { log: to("stdout"), error: to("stderr") })
  const before = process.exitCode
  process.exitCode = undefined
  const stdio = Stdio.layerTest({ args: Effect.succeed(words) })
  await Effect.runPromise(
    main.pipe(Effect.provideService(Console.Console, aside), Effect.provide(stdio), Effect.provide(NodeServices.layer))
  )
  const code = Number(process.exitCode ?? 0)
  process.exitCode = before
  return { code, ...text }
}
