/** The help text of all arguments, in groups. */
import { expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import { groups } from "../../../src/Arguments/Fields.ts"
import * as Help from "../../../src/Arguments/Help.ts"

it("lists every argument once, under the title of its group", () => {
  const lines = Help.render().split("\n")
  const flags = lines.flatMap((line) => /^ {2}--(?:\[no_\])?(\w+)/.exec(line)?.[1] ?? [])
  expect(flags).toEqual(Arguments.names)
  for (const { title } of groups) expect(lines).toContain(title)
  expect(groups.flatMap(({ fields }) => Object.values(fields)).filter(({ about }) => about === undefined)).toEqual([])
})

it.each([48, 64, 80, 100])("wraps at %i columns, without trailing spaces", (columns) => {
  for (const line of Help.render(columns).split("\n")) {
    expect(line.length, line).toBeLessThanOrEqual(columns)
    expect(line).toBe(line.trimEnd())
  }
})

it("shows the accepted values, the default, and whether an argument has an effect", () => {
  const help = Help.render().replaceAll(/\s+/g, " ")
  expect(help).toContain("--eval_strategy <name> When to evaluate; no, steps, epoch (default no)")
  expect(help).toContain(
    "--learning_rate <number> Peak learning rate, which the schedule starts from or warms up to; at least 0 (default 5e-5)"
  )
  expect(help).toContain("--[no_]dataloader_pin_memory Keep batches in pinned memory (default true). No effect: ")
  expect(help).toContain("--fp16 Compute in float16. Not supported yet.")
  expect(help).toContain("lion_32bit, galore_adamw, galore_adafactor (default adamw_torch_fused)")
})
