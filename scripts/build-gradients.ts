/**
 * Writes build/gradients.cjs: TensorFlow.js's gradients, registered on the public @tensorflow/tfjs-core.
 * Under Node the package's entry has no gradients, and `dist/register_all_gradients.js` is ESM without file extensions,
 * which Node can't load. So bundle that file, and let every op and all state in it come from the public entry:
 * one engine, one registry, and only the code that the entry doesn't export is bundled.
 */
import { mkdirSync, readFileSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as tf from "@tensorflow/tfjs-core"
import { build, type Plugin } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const outfile = fileURLToPath(new URL("../build/gradients.cjs", import.meta.url))
const core = "@tensorflow/tfjs-core"

/** Modules whose exports are the public entry's own: the ops, and what holds state. */
const shared = /tfjs-core\/dist\/(ops\/\w+|base|globals|kernel_names|kernel_registry|environment|engine|tensor)\.js$/

/** Exports that the entry offers under another form. */
const renamed: Readonly<Record<string, string>> = { ENGINE: "core.engine()", getGlobalTensorClass: "() => core.Tensor" }

const exportsOf = (source: string): ReadonlyArray<string> => [
  ...[...source.matchAll(/^export (?:const|function|var|let|class) (\w+)/gm)].map((match) => match[1]!),
  ...[...source.matchAll(/^export \{([^}]*)\}/gm)].flatMap((match) =>
    match[1]!
      .split(",")
      .map(
        (name) =>
          name
            .trim()
            .split(/\s+as\s+/)
            .at(-1)!
      )
      .filter((name) => name !== "")
  )
]

const isPublic = (name: string) => name in tf || name in renamed

const publicCore: Plugin = {
  name: "public-core",
  setup: (it) => {
    it.onResolve({ filter: new RegExp(`^${core}$`) }, () => ({ path: core, external: true }))
    it.onLoad({ filter: shared }, ({ path }) => {
      const names = exportsOf(readFileSync(path, "utf8"))
      // An op that the entry doesn't export (as maxPoolGrad) is bundled; its own imports are shared again.
      const stateful = !/\/ops\//.test(path)
      if (names.length === 0 || (!stateful && !names.every(isPublic))) return undefined
      const lines = names.filter(isPublic).map((name) => `export const ${name} = ${renamed[name] ?? `core.${name}`}`)
      return { loader: "js", contents: [`import * as core from "${core}"`, ...lines].join("\n") }
    })
  }
}

// Some gradients call methods on tensors: `reshape` (Prod, GatherV2) and `slice`, `split` (GatherV2 with batch dimensions).
const entry = ["register_all_gradients", "public/chained_ops/reshape", "public/chained_ops/slice", "public/chained_ops/split"]
  .map((file) => `import "${core}/dist/${file}.js"`)
  .join("\n")

mkdirSync(fileURLToPath(new URL("../build", import.meta.url)), { recursive: true })
const { metafile } = await build({
  stdin: { contents: entry, resolveDir: root },
  bundle: true,
  platform: "node",
  format: "cjs",
  mainFields: ["module", "main"],
  legalComments: "none",
  metafile: true,
  outfile,
  logLevel: "warning",
  plugins: [publicCore]
})
console.log(
  `build/gradients.cjs: ${Object.keys(metafile.inputs).length} modules, ${Math.round(statSync(outfile).size / 1024)} KB`
)
