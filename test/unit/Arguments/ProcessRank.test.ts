/** How loud a process is. */
import { Result } from "effect"
import { expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Compile from "../../../src/Arguments/Compile.ts"

const made = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))
const place = (processIndex: number, localProcessIndex: number) => ({ processIndex, localProcessIndex })

it.each([
  ["detail", "Debug"],
  ["debug", "Debug"],
  ["info", "Info"],
  ["warning", "Warn"],
  ["error", "Error"],
  ["critical", "Fatal"],
  ["passive", undefined]
] as const)("log_level %s is %s", (logLevel, level) => {
  expect(Arguments.getProcessLogLevel(made({ logLevel }))).toBe(level)
  expect(Arguments.getProcessLogLevel(made({ logLevelReplica: logLevel }), place(1, 1))).toBe(level)
})

it("logs once per node, or once in all", () => {
  const each = made({})
  const one = made({ logOnEachNode: false })
  expect([place(0, 0), place(4, 0), place(5, 1)].map((at) => Arguments.shouldLog(each, at))).toEqual([true, true, false])
  expect([place(0, 0), place(4, 0), place(5, 1)].map((at) => Arguments.shouldLog(one, at))).toEqual([true, false, false])
  expect([Arguments.shouldLog(each), Arguments.shouldLog(one)]).toEqual([true, true])
})

it("mainProcessFirst returns the work unchanged in one process", () => {
  const work = { a: 1 }
  expect(Arguments.mainProcessFirst(work, { local: false, desc: "reading" })).toBe(work)
})

it("gives warmup_steps precedence over warmup_ratio, and rounds the ratio up", () => {
  expect(Compile.getWarmupSteps(made({ warmupSteps: 7, warmupRatio: 0.5 }), 100)).toBe(7)
  expect(Compile.getWarmupSteps(made({ warmupRatio: 0.07 }), 33)).toBe(3)
  expect(Compile.getWarmupSteps(made({}), 33)).toBe(0)
})
