import { readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, type Path } from "effect"
import * as ResultFiles from "../../../src/Checkpoint/ResultFiles.ts"
import type { Results } from "../../../src/Format/Results.ts"

const golden = JSON.parse(readFileSync(new URL("../../golden/metrics_naming.json", import.meta.url), "utf8")) as {
  readonly save_metrics_files: Readonly<Record<string, Results>>
}
const files = golden.save_metrics_files

it("merges splits into the file of everything, as recorded", () => {
  const train = ResultFiles.merge(undefined, files["train_results.json"]!)
  const both = ResultFiles.fromJson(ResultFiles.merge(train, files["eval_results.json"]!))
  expect(both).toEqual(files[ResultFiles.all])
  expect(Object.keys(both)).toEqual(Object.keys(files[ResultFiles.all]!))
  expect(ResultFiles.nameOf("train")).toBe("train_results.json")
})

it("replaces what has the same name and keeps the rest, also what another program wrote", () => {
  const before = '{"epoch": 1.0, "big": 9223372036854775807, "loss": NaN, "list": [1, null], "eval_loss": -Infinity}'
  expect(ResultFiles.merge(before, { epoch: 2, eval_loss: Infinity, total_flos: 1e22, x_mem_y: 4096 })).toBe(`{
    "big": 9223372036854775807,
    "epoch": 2.0,
    "eval_loss": Infinity,
    "list": [1,null],
    "loss": NaN,
    "total_flos": 1e+22,
    "x_mem_y": 4096
}`)
})

it("reads what it writes", () => {
  const results = {
    a_loss: NaN,
    b: -Infinity,
    c: 1e-7,
    d: -0,
    e_samples: 2 ** 60,
    "naïve ☃": "é\n\u{1f600}",
    f: 1e300,
    g_samples: 1.5
  }
  const text = ResultFiles.toJson(results)
  expect(text).toMatch(/^[\x20-\x7e\n]*$/)
  expect(ResultFiles.fromJson(text)).toEqual({ ...results, e_samples: 2n ** 60n })
  expect(ResultFiles.fromJson(ResultFiles.toJson({}))).toEqual({})
})

it.each(["", "[1]", "null", "{"])("refuses %j", (text) => {
  expect(() => ResultFiles.fromJson(text)).toThrow(SyntaxError)
})

const inFolder = <A, E>(
  f: (fs: FileSystem.FileSystem, folder: string) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* f(fs, `${yield* fs.makeTempDirectoryScoped()}/run`)
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

it.effect("saves a split's file, and the combined file unless it is disabled", () =>
  inFolder((fs, folder) =>
    Effect.gen(function* () {
      yield* ResultFiles.save(folder, "train", files["train_results.json"]!)
      yield* ResultFiles.save(folder, "eval", files["eval_results.json"]!)
      yield* ResultFiles.save(folder, "test", { test_loss: 1 }, { combined: false })
      const names = ["all_results.json", "eval_results.json", "test_results.json", "train_results.json"]
      expect((yield* fs.readDirectory(folder)).sort()).toEqual(names)
      for (const name of names)
        expect(ResultFiles.fromJson(yield* fs.readFileString(`${folder}/${name}`))).toEqual(files[name] ?? { test_loss: 1 })
    })
  )
)

it.effect("refuses an all_results.json that is none, and leaves it alone", () =>
  inFolder((fs, folder) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(folder)
      yield* fs.writeFileString(`${folder}/all_results.json`, "half")
      const error = yield* Effect.flip(ResultFiles.save(folder, "eval", { eval_loss: 1 }))
      expect([error._tag, error.operation, error.path]).toEqual(["ResultsError", "read", `${folder}/all_results.json`])
      expect(yield* fs.readFileString(`${folder}/all_results.json`)).toBe("half")
    })
  )
)

it.effect("says what to do when a file is where the folder should be", () =>
  inFolder((fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(folder, "a file")
      const error = yield* Effect.flip(ResultFiles.save(folder, "eval", { eval_loss: 1 }))
      expect([error.operation, error.message]).toEqual(["write", expect.stringContaining("a file is where a folder is wanted")])
    })
  )
)
