/**
 * Checks that our transformers are those of Python, both ways: random small models of every family and head go over in files, and must give the same
 * there. `bin/dev interop [--cases 20] [--seed N] [--only Llama] [--keep]`; it needs Python 3 and the network, and is not a part of CI. The subjects are in
 * interop/Subjects.ts. An option of Python's that ours does not have is an error here too: never another model.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Layer } from "effect"
import * as Table from "../src/Format/Table.ts"
import { Device } from "../src/index.ts"
import * as Adapters from "./interop/Adapters.ts"
import * as Case from "./interop/Case.ts"
import * as Families from "./interop/Families.ts"
import * as Python from "./interop/Python.ts"
import * as Subjects from "./interop/Subjects.ts"

const { values: options } = parseArgs({
  options: {
    cases: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    keep: { type: "boolean", default: false }
  }
})
const seed = Number(options.seed)

interface Outcome {
  readonly own: Case.Case
  readonly worst: Readonly<Record<string, Partial<Case.Differences>>>
  readonly faults: ReadonlyArray<string>
}

const write = Effect.fnUntraced(function* (own: Case.Case) {
  mkdirSync(own.folder)
  const reads = yield* Effect.forEach(Subjects.all, (subject) => subject.write(own))
  yield* Case.write(own, { reads: reads.flat(), adapter: Adapters.peft(own) })
})

const compare = Effect.fnUntraced(function* (own: Case.Case, written: Exit.Exit<void, unknown>) {
  const error = join(own.folder, "error.txt")
  if (Exit.isFailure(written)) return failed(own, `cannot be written: ${reason(written.cause)}`)
  if (existsSync(error)) return failed(own, `fails in Python: ${readFileSync(error, "utf8").trim().split("\n").at(-1)}`)
  const worst: Record<string, Partial<Case.Differences>> = {}
  const faults: Array<string> = []
  for (const { name, compare } of Subjects.all) {
    const exit = yield* Effect.exit(Effect.suspend(() => compare(own)))
    if (Exit.isFailure(exit)) {
      faults.push(`${name}: ${reason(exit.cause)}`)
      continue
    }
    worst[name] = exit.value
    for (const [what, difference] of Object.entries(exit.value))
      if (!(difference <= Case.limits[what as keyof Case.Differences]))
        faults.push(`${name}: ${what} differ by ${difference.toExponential(1)}`)
  }
  return { own, worst, faults }
})

const failed = (own: Case.Case, fault: string): Outcome => ({ own, worst: {}, faults: [fault] })
const reason = (cause: Cause.Cause<unknown>): string => String(Cause.squash(cause)).split("\n")[0]!

/** A row for each family: the worst difference of each subject's outputs, and of losses and gradients of all. */
const table = (outcomes: ReadonlyArray<Outcome>): string => {
  const subjects = Subjects.all.map(({ name }) => name)
  const rows = Families.all.flatMap(({ name }) => {
    const own = outcomes.filter(({ own }) => own.family.name === name)
    const cell = (found: ReadonlyArray<Partial<Case.Differences> | undefined>, what: keyof Case.Differences) => {
      const all = found.flatMap((differences) => differences?.[what] ?? [])
      return all.length === 0 ? "-" : Math.max(...all).toExponential(1)
    }
    const all = own.flatMap(({ worst }) => Object.values(worst))
    const outputs = subjects.map((subject) =>
      cell(
        own.map(({ worst }) => worst[subject]),
        "outputs"
      )
    )
    return own.length === 0
      ? []
      : [
          [
            name,
            own.length,
            own.filter(({ faults }) => faults.length > 0).length,
            ...outputs,
            cell(all, "loss"),
            cell(all, "gradients")
          ]
        ]
  })
  return Table.render(["model", "cases", "failed", ...subjects, "loss", "gradients"], rows)
}

const program = Effect.gen(function* () {
  const root = mkdtempSync(join(tmpdir(), "regimen-interop-run-"))
  const families = Families.all.filter(({ name }) => name.includes(options.only))
  const cases = families.flatMap((family) =>
    Array.from({ length: Number(options.cases) }, (_, i) => Case.make(root, family, i, seed))
  )
  console.log(`${cases.length} cases, seed ${seed}, in ${root}`)
  Python.python()
  const written = yield* Effect.forEach(cases, (own) => Effect.exit(Effect.suspend(() => write(own))))
  Python.run("interop.py", root)
  const outcomes = yield* Effect.forEach(cases, (own, i) => compare(own, written[i]!))
  console.log(table(outcomes))
  const wrong = outcomes.filter(({ faults }) => faults.length > 0)
  for (const { own, faults } of wrong) console.log(`\n${own.folder}\n  ${JSON.stringify(own.config)}\n  ${faults.join("\n  ")}`)
  if (!options.keep && wrong.length === 0) rmSync(root, { recursive: true })
  console.log(wrong.length === 0 ? "Both sides agree." : `${wrong.length} of ${cases.length} cases differ.`)
  if (wrong.length > 0) process.exitCode = 1
})

await Effect.runPromise(program.pipe(Effect.provide(Layer.mergeAll(Device.wasm, NodeServices.layer))))
