import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import * as ResultFiles from "../../../src/Checkpoint/ResultFiles.ts"
import type { Results } from "../../../src/Metrics/Format/Results.ts"

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
  expect(ResultFiles.merge(before, { epoch: 2, eval_loss: Infinity, total_flos: 1e22 })).toBe(`{
    "big": 9223372036854775807,
    "epoch": 2.0,
    "eval_loss": Infinity,
    "list": [1,null],
    "loss": NaN,
    "total_flos": 1e+22
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
