/**
 * Builds native/wasm into src/WasmKernels/RelaxedSimd.ts and Simd.ts. `node scripts/build-wasm.ts [--check]`; with `--check` it writes nothing and fails when
 * a module differs from its source's. Users need no compiler, and a machine without one passes the check: what is committed is what runs.
 */
import { execFileSync } from "node:child_process"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Another version may order instructions otherwise, so the check asks for this one. On Debian: `apt-get install clang-19 lld-19`. */
const version = 19
const source = join(import.meta.dirname, "../native/wasm")

const flags = [
  ...["--target=wasm32", "-O3", "-msimd128", "-mbulk-memory", "-ffreestanding", "-nostdlib", "-fno-builtin"],
  // An operation rounds once, and a kernel means the same with both modules, where it does not ask for a fused multiply-add.
  ...["-ffp-contract=off", "-fno-strict-aliasing"],
  // The memory is TensorFlow.js's, so there is no room for a stack.
  ...["-Wframe-larger-than=0", "-Wall", "-Wextra", "-Werror"]
]
// Without -O, which would run Binaryen where it is installed.
const linkerFlags = ["--target=wasm32", "-nostdlib", "-Wl,--no-entry,--import-memory,--max-memory=4294967296,--strip-all"]

const modules = [
  { file: "RelaxedSimd.ts", about: "with fused multiply-adds (relaxed SIMD)", flags: ["-mrelaxed-simd", "-DRELAXED"] },
  { file: "Simd.ts", about: "with SIMD", flags: [] }
]

const [, , option] = process.argv
const compiler = find()
if (compiler === undefined) {
  console.error(`clang-${version} is not installed (with lld-${version}): the modules of native/wasm were not built.`)
  process.exitCode = option === "--check" ? 0 : 1
} else for (const { file, about, flags } of modules) write(file, about, build(compiler, flags))

function write(file: string, about: string, bytes: Buffer): void {
  const path = join(import.meta.dirname, "../src/WasmKernels", file)
  const text = `/** The kernels of native/wasm ${about}, built by scripts/build-wasm.ts. **Unit**: base64. */\nexport const base64 =\n  "${bytes.toString("base64")}"\n`
  if (option !== "--check") {
    writeFileSync(path, text)
    console.log(`${file}: ${bytes.length} bytes`)
  } else if (readFileSync(path, "utf8") !== text) {
    console.error(`src/WasmKernels/${file} is not what native/wasm compiles to: run scripts/build-wasm.ts and commit it.`)
    process.exitCode = 1
  }
}

function build(compiler: string, extra: ReadonlyArray<string>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "regimen-wasm-"))
  try {
    const out = join(folder, "kernels.wasm")
    const run = (args: ReadonlyArray<string>) => execFileSync(compiler, args, { cwd: source, stdio: "inherit" })
    const files = globSync("*.c", { cwd: source }).sort()
    for (const file of files) run([...flags, ...extra, "-c", file, "-o", join(folder, `${file}.o`)])
    run([...linkerFlags, "-o", out, ...files.map((file) => join(folder, `${file}.o`))])
    const bytes = readFileSync(out)
    if (sections(bytes).has(11)) throw new Error("a kernel has static data, which would overwrite TensorFlow.js's")
    return bytes
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The ids of a module's sections. */
function sections(bytes: Uint8Array): ReadonlySet<number> {
  const ids = new Set<number>()
  for (let at = 8; at < bytes.length; ) {
    ids.add(bytes[at++]!)
    let size = 0
    for (let shift = 0, byte = 128; byte >= 128; shift += 7) {
      byte = bytes[at++]!
      size |= (byte & 127) << shift
    }
    at += size
  }
  return ids
}

function find(): string | undefined {
  for (const name of [`clang-${version}`, "clang"]) {
    try {
      if (execFileSync(name, ["--version"], { encoding: "utf8" }).includes(`version ${version}.`)) return name
    } catch {}
  }
  return undefined
}
