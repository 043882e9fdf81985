/**
 * Plants each corrected bug again in a scratch copy of the checkout, and expects the test that covers it to fail.
 * `bin/dev planted [--only TEXT] [--check]`; outside CI (a quarter of an hour). The bugs are listed in scripts/planted/. With `--check` it only looks whether
 * each bug can still be planted and its test file is there (a second).
 */
import { parseArgs } from "node:util"
import type { Bug } from "./planted/Bug.ts"
import * as Checkout from "./planted/Checkout.ts"
import { driver } from "./planted/Driver.ts"
import { scripts } from "./planted/Scripts.ts"
import { services } from "./planted/Services.ts"
import { trainer } from "./planted/Trainer.ts"

const { values } = parseArgs({ options: { only: { type: "string", default: "" }, check: { type: "boolean", default: false } } })
const bugs = [...driver, ...services, ...trainer, ...scripts].filter((bug) => JSON.stringify(bug).includes(values.only))
if (bugs.length === 0) console.error(`No bug has "${values.only}" in its entry.`)

/** Says why a bug is not found: `before` is the test's outcome without the bug, `after` that with it, undefined if it could not be planted. */
const problem = ({ file }: Bug, before: Checkout.Outcome | undefined, after: Checkout.Outcome | undefined): string => {
  if (before !== "passes") return `NOT RUN: the test ${before === "broken" ? "does not run" : before} without the bug`
  if (after === undefined) return `NOT PLANTED: the text to find is no longer there once in ${file}`
  return after === "passes" ? "NOT FOUND: the test passes with the bug" : "NOT RUN: the test does not run with the bug"
}

if (values.check) {
  const stale = bugs.filter((bug) => !Checkout.canPlant(bug))
  for (const { bug, file, test } of stale)
    console.error(`"${bug}" cannot be planted: its text is no longer there once in ${file}, or ${test} is gone`)
  console.log(`${bugs.length - stale.length} of ${bugs.length} planted bugs match the sources`)
  process.exit(stale.length === 0 ? 0 : 1)
}

const width = Math.max(0, ...bugs.map(({ bug }) => bug.length))
const sound = new Map<string, Checkout.Outcome>()
const folder = Checkout.make()
let found = 0
try {
  for (const bug of bugs) {
    const place = bug.named === undefined ? bug.test : `${bug.test} -t "${bug.named}"`
    if (!sound.has(place)) sound.set(place, Checkout.test(folder, bug))
    const before = sound.get(place)
    const after = before === "passes" ? Checkout.planted(folder, bug, () => Checkout.test(folder, bug)) : undefined
    const isFound = after === "fails" || after === "hangs" || (after === "broken" && bug.check === "load")
    if (isFound) found++
    const finding = isFound ? "found" : problem(bug, before, after)
    console.log(`${bug.bug.padEnd(width)}  ${finding.padEnd(5)}  ${place}`)
  }
} finally {
  Checkout.remove(folder)
}
console.log(`${found} of ${bugs.length} planted bugs are found`)
process.exit(found === bugs.length && found > 0 ? 0 : 1)
