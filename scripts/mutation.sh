#!/bin/sh
# Mutation testing of a folder of src, or of files with commas between them, by some tests, out of CI:
# `scripts/mutation.sh src/Schedule/Clock.ts,src/Schedule/Trigger.ts test/unit/Schedule test/property/trigger.test.ts ...`.
# Default: src/Schedule with its tests. StrykerJS is installed in a scratch folder ($REGIMEN_MUTATION, default: under the folder for
# temporary files), which also holds the copy of the checkout that is mutated and the reports. src/Schedule takes five minutes, and twenty
# with the mutants that are active while modules are loaded (REGIMEN_MUTATION_IGNORE_STATIC=false).
set -e
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
. "$root/scripts/setup.sh"
scratch=${REGIMEN_MUTATION:-${TMPDIR:-/tmp}/regimen-mutation}
node=$(readlink -f -- "$(command -v -- "$node")")
version=10.1.1

if [ $# -eq 0 ]; then
  set -- src/Schedule test/unit/Schedule test/property/play.test.ts test/property/requests.test.ts test/property/retention.test.ts \
    test/property/schedule.test.ts test/property/trigger.test.ts test/golden/lr_schedules.test.ts
fi
mutate=$(printf '%s\n' "$1" | tr ',' '\n' | sed -E '/\.ts$/!s#$#/**/*.ts#; s#.*#"&"#' | paste -sd, -)
shift

mkdir -p "$scratch/tool" "$scratch/checkout"
if [ ! -e "$scratch/tool/node_modules/@stryker-mutator/vitest-runner" ]; then
  (cd "$scratch/tool" && PATH=$(dirname -- "$node"):$PATH npm install --ignore-scripts --no-audit --no-fund --legacy-peer-deps --loglevel=error \
    "@stryker-mutator/core@$version" "@stryker-mutator/vitest-runner@$version")
fi
# One vitest for Stryker and the tests.
ln -sfn "$root/node_modules/vitest" "$scratch/tool/node_modules/vitest"

for part in src test build package.json tsconfig.json; do
  rm -rf "${scratch:?}/checkout/$part"
  cp -R "$root/$part" "$scratch/checkout/$part"
done
ln -sfn "$(readlink -f -- "$root/node_modules")" "$scratch/checkout/node_modules"

# Properties run a tenth of their cases (and count a tenth of what they cover), from a fixed seed, and do not shrink: the score is a
# lower bound. The law of requests no longer requires that its cases cover every event, since a tenth of them does not.
find "$scratch/checkout/test" -name '*.test.ts' -exec sed -i -E 's/(numRuns: |toBeGreaterThan\()([1-9][0-9]*)0([ )])/\1\2\3/' {} +
[ ! -e "$scratch/checkout/test/property/requests.test.ts" ] ||
  sed -i 's/toBeGreaterThan(0)/not.toBe(0)/' "$scratch/checkout/test/property/requests.test.ts"
# Test files share the modules of src, and must not be collected with the mutant of another run active.
cat >"$scratch/checkout/setup.ts" <<EOF
import fc from "fast-check"
import { afterAll } from "vitest"
fc.configureGlobal({ endOnFailure: true, seed: 1 })
afterAll(() => {
  const stryker = Reflect.get(globalThis, "__stryker__")
  if (stryker !== undefined) stryker.activeMutant = undefined
})
EOF
cp "$root/scripts/persistentPool.ts" "$scratch/checkout/persistentPool.ts"

files=$(for file in "$@"; do printf '"%s", ' "$file"; done)
cat >"$scratch/checkout/vitest.config.ts" <<EOF
import { defineConfig } from "vitest/config"
import { BaseSequencer } from "vitest/node"
import { persistentPool } from "./persistentPool.ts"
const rank = ({ moduleId }) => ["/unit/", "/golden/"].findIndex((folder) => moduleId.includes(folder)) >>> 0
class UnitTestsFirst extends BaseSequencer {
  async sort(files) {
    return [...files].sort((a, b) => rank(a) - rank(b))
  }
}
export default defineConfig({ plugins: [persistentPool], test: { include: [${files}].map((f) => (f.endsWith(".ts") ? f : f + "/**/*.test.ts")), isolate: false, maxWorkers: 1, sequence: { sequencer: UnitTestsFirst }, setupFiles: ["./setup.ts"], testTimeout: 20_000, bail: 1 } })
EOF
cat >"$scratch/checkout/stryker.config.json" <<EOF
{
  "testRunner": "vitest",
  "plugins": ["$scratch/tool/node_modules/@stryker-mutator/vitest-runner/dist/src/index.js"],
  "mutate": [$mutate],
  "inPlace": true,
  "concurrency": ${REGIMEN_MUTATION_CONCURRENCY:-1},
  "checkers": [],
  "disableTypeChecks": false,
  "coverageAnalysis": "perTest",
  "ignoreStatic": ${REGIMEN_MUTATION_IGNORE_STATIC:-true},
  "mutator": { "excludedMutations": ["StringLiteral"] },
  "reporters": ["progress-append-only", "clear-text", "json", "html"],
  "clearTextReporter": { "allowColor": false, "reportTests": false, "skipFull": true },
  "timeoutMS": 10000,
  "allowEmpty": false
}
EOF
cd "$scratch/checkout" && exec "$node" "$scratch/tool/node_modules/@stryker-mutator/core/bin/stryker.js" run
