/** Effect's log messages: plain lines, and progress bars are erased first. */
import { expect, it } from "@effect/vitest"
import { Cause, Console, Effect, Layer } from "effect"
import * as EffectMessages from "../../../../src/Layer/Logger/EffectMessages.ts"
import * as VirtualTerminal from "./virtualTerminal.ts"

/** What is written, on a terminal of 40 columns or where there is none. */
const written = Effect.fnUntraced(function* (isTerminal: boolean, effect: Effect.Effect<void>) {
  const lines: Array<string> = []
  const terminal = VirtualTerminal.make({ isTerminal, columns: 40 })
  yield* effect.pipe(
    Effect.provide(EffectMessages.layer.pipe(Layer.provide(terminal.layer))),
    Effect.provideService(Console.Console, { ...console, log: (line: string) => void lines.push(line) })
  )
  return lines
})

it.effect("has no time and no number, warns by name, and shows a cause below", () =>
  Effect.gen(function* () {
    const messages = Effect.andThen(
      Effect.logInfo("Columns are left out."),
      Effect.logWarning("The disk\u001b[2J is full.", Cause.fail("no room"))
    )
    const [plain, warning] = yield* written(false, messages)
    expect(plain).toBe("Columns are left out.")
    expect(warning).toMatch(/^Warning: The disk \[2J is full\.\n.*no room/)
  })
)

it.effect("wraps between words on a terminal, and erases the bars", () =>
  Effect.gen(function* () {
    const words = "Columns that the model does not take are left out: text of train."
    expect(yield* written(true, Effect.logInfo(words))).toEqual([
      "\r\u001b[JColumns that the model does not take are\n    left out: text of train."
    ])
  })
)
