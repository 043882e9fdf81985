/**
 * Writes dist/, the package as it is published: the same tree as the checkout's, with JavaScript, types and maps for TypeScript. Its
 * package.json is the checkout's with the entries so renamed: publish with `npm publish ./dist`, never the checkout (it is private).
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import tfjs from "@tensorflow/tfjs-core/package.json" with { type: "json" }
import source from "../package.json" with { type: "json" }

const root = join(import.meta.dirname, "..")
const dist = join(root, "dist")

rmSync(dist, { recursive: true, force: true })
const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", join(root, "tsconfig.build.json")], { stdio: "inherit" })
if (tsc.status !== 0) process.exit(1)

await import("./build-gradients.ts")
const notice = `/* Bundled from @tensorflow/tfjs-core ${tfjs.version}, (c) Google LLC, licensed under Apache-2.0 (LICENSES/Apache-2.0.txt). */\n`
mkdirSync(join(dist, "build"))
writeFileSync(join(dist, "build/gradients.cjs"), notice + readFileSync(join(root, "build/gradients.cjs"), "utf8"))

for (const file of ["README.md", "CHANGELOG.md", "LICENSE", "LICENSES"])
  cpSync(join(root, file), join(dist, file), { recursive: true })

const built = (path: string, extension: string) => path.replace(/\.ts$/, extension)

const { name, version, description, license, type, engines, sideEffects, imports, dependencies } = source
const { peerDependencies, peerDependenciesMeta } = source
writeFileSync(
  join(dist, "package.json"),
  `${JSON.stringify(
    {
      ...{ name, version, description, license, type, engines, sideEffects },
      exports: Object.fromEntries(
        Object.entries(source.exports).map(([name, path]) => [
          name,
          path.endsWith(".ts") ? { types: built(path, ".d.ts"), default: built(path, ".js") } : path
        ])
      ),
      imports,
      bin: { regimen: built(source.bin.regimen, ".js") },
      dependencies,
      peerDependencies,
      peerDependenciesMeta
    },
    null,
    2
  )}\n`
)
console.log(`dist/ holds ${name} ${version}`)
