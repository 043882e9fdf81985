/** What the command prints, at the width of the terminal. */
import { it } from "@effect/vitest"
import { Console, Effect } from "effect"
import { expect } from "vitest"
import * as Doctor from "../../../src/cli/Doctor.ts"
import * as Print from "../../../src/cli/Print.ts"
import * as VirtualTerminal from "../Layer/Logger/virtualTerminal.ts"

const message = "regimen: nowhere is not a checkpoint. Pass a folder checkpoint-<step>."

it("wraps errors between words on a terminal, and leaves them on one line otherwise", () => {
  expect(Print.wrapped(message, { isTTY: true, columns: 40 })).toBe(
    "regimen: nowhere is not a checkpoint.\nPass a folder checkpoint-<step>."
  )
  expect(Print.wrapped(message, { isTTY: true, columns: 0 })).toBe(message) // 80 where the terminal reports none
  expect(Print.wrapped(message, {})).toBe(message)
})

it.effect("wraps messages on standard output in the same way", () =>
  Effect.gen(function* () {
    const printed: Array<unknown> = []
    const console = { ...globalThis.console, log: (text: unknown) => void printed.push(text) } as Console.Console
    for (const isTerminal of [true, false])
      yield* Print.log(message).pipe(
        Effect.provide(VirtualTerminal.make({ isTerminal, columns: 40 }).layer),
        Effect.provideService(Console.Console, console)
      )
    expect(printed).toEqual(["regimen: nowhere is not a checkpoint.\nPass a folder checkpoint-<step>.", message])
  })
)

it("aligns the continuation of a device's reason with the reason", () => {
  const report: Doctor.Report = {
    regimen: "1",
    node: "22",
    platform: "linux",
    memory: { total_bytes: 2 ** 31, free_bytes: 2 ** 30 },
    device: "wasm",
    devices: [
      { device: "wasm", works: true },
      { device: "webgpu", works: false, reason: "its packages are not installed" }
    ],
    well: true
  }
  expect(Doctor.render(report, 44).split("\n").slice(4)).toEqual([
    "wasm      works (the choice of --device",
    "          auto)",
    "webgpu    does not work: its packages are",
    "          not installed",
    "verdict   ready to train"
  ])
})
