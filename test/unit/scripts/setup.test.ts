import { type ChildProcess, spawn } from "node:child_process"
import {
  accessSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"

const real = join(import.meta.dirname, "../../..")
const root = mkdtempSync(join(tmpdir(), "set up-")) // a path with a space
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** The programs that the set-up needs; each test adds Node and npm. */
const tools = ["sh", "env", "cmp", "cp", "dirname", "head", "ln", "mkdir", "readlink", "rm", "rmdir", "sleep", "uname"]
const find = (tool: string) =>
  process.env
    .PATH!.split(delimiter)
    .map((folder) => join(folder, tool))
    .find((file) => {
      try {
        accessSync(file)
        return true
      } catch {
        return false
      }
    })!

/** A test double of npm that records its arguments and creates the files that the set-up expects. */
const npm = `#!/bin/sh
echo "$1" >> "$(dirname "$0")/calls"
if [ -e "$(dirname "$0")/offline" ]; then echo "npm error code ENOTFOUND" >&2; exit 1; fi
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) shift; prefix=$1 ;;
    node-*) package=\${1%@*} ;;
  esac
  shift
done
sleep 0.2
mkdir -p "$prefix/node_modules"
if [ -n "$package" ]; then mkdir -p "$prefix/node_modules/$package/bin" && ln -s '${process.execPath}' "$prefix/node_modules/$package/bin/node"; fi
`

/** A checkout whose command prints its arguments, ends with 7, and ends with 75 on a signal. */
const checkout = (node: "new" | "old" | "none" = "new") => {
  const folder = mkdtempSync(join(root, "checkout "))
  const path = join(folder, "path")
  const write = (file: string, text: string) => {
    writeFileSync(join(folder, file), text)
    chmodSync(join(folder, file), 0o755)
  }
  for (const name of ["path", "scripts", "src/cli"]) mkdirSync(join(folder, name), { recursive: true })
  for (const tool of tools) symlinkSync(find(tool), join(path, tool))
  if (node === "new") symlinkSync(process.execPath, join(path, "node"))
  if (node === "old") write("path/node", "#!/bin/sh\necho v20.1.0\n")
  write("path/npm", npm)
  cpSync(join(real, "bin"), join(folder, "bin"), { recursive: true })
  cpSync(join(real, "scripts/setup.sh"), join(folder, "scripts/setup.sh"))
  write("package.json", `{ "type": "module" }`)
  write("package-lock.json", "{}")
  write(
    "scripts/build-gradients.ts",
    `import * as fs from "node:fs"\nfs.mkdirSync("build", { recursive: true })\nfs.writeFileSync("build/gradients.cjs", "")\n`
  )
  write(
    "src/cli/main.ts",
    `const words: Array<string> = process.argv.slice(2)
process.on("SIGTERM", () => process.exit(75))
if (words[0] === "wait") setInterval(() => {}, 1000)
else process.exitCode = 7
console.log(words.join("|"))\n`
  )
  const start = (...args: ReadonlyArray<string>) =>
    spawn(join(folder, "bin/regimen"), args, {
      cwd: tmpdir(),
      env: { PATH: path, HOME: folder },
      stdio: ["ignore", "pipe", "pipe"]
    })
  const calls = () => (existsSync(join(path, "calls")) ? readFileSync(join(path, "calls"), "utf8").trim().split("\n") : [])
  return { folder, path, start, calls, run: (...args: ReadonlyArray<string>) => ended(start(...args)) }
}

const ended = (child: ChildProcess) =>
  new Promise<{ code: number | null; out: string; stderr: string }>((resolve) => {
    let out = ""
    let stderr = ""
    child.stdout!.on("data", (data) => (out += data))
    child.stderr!.on("data", (data) => (stderr += data))
    child.on("close", (code) => resolve({ code, out, stderr }))
  })

describe.concurrent("set-up of a checkout", () => {
  it("runs the missing steps once, reports them, and passes arguments and the exit code through", async () => {
    const { run, calls } = checkout()
    const first = await run("train", "a b")
    expect(first).toMatchObject({ code: 7, out: "train|a b\n" })
    expect(first.stderr).toMatch(/installing dependencies/)
    expect(await run("again")).toEqual({ code: 7, out: "again\n", stderr: "" })
    expect(calls()).toEqual(["ci"])
  })

  it("runs again when the lock file changed", async () => {
    const { run, calls, folder } = checkout()
    await run()
    writeFileSync(join(folder, "package-lock.json"), "{ }")
    await run()
    expect(calls()).toEqual(["ci", "ci"])
  })

  it("runs once when two commands start together", async () => {
    const { run, calls } = checkout()
    const both = await Promise.all([run("one"), run("two")])
    expect(both.map(({ code }) => code)).toEqual([7, 7])
    expect(both.map(({ stderr }) => stderr).join("")).toMatch(/waiting for the set-up that process \d+ is doing/)
    expect(calls()).toEqual(["ci"])
  })

  it("does not wait for a set-up that was killed", async () => {
    const { run, folder } = checkout()
    symlinkSync("999999999", join(folder, ".setup-lock"))
    expect(await run("on")).toMatchObject({ code: 7, out: "on\n" })
    expect(existsSync(join(folder, ".setup-lock"))).toBe(false)
  })

  it.each(["old", "none"] as const)("downloads Node if the installed one is %s", async (node) => {
    const { run, calls } = checkout(node)
    const first = await run("ran")
    expect(first).toMatchObject({ code: 7, out: "ran\n" })
    expect(first.stderr).toContain(`fetching Node 22 into .node/ (found: ${node === "old" ? "v20.1.0" : "none"}`)
    expect(await run("ran")).toEqual({ code: 7, out: "ran\n", stderr: "" })
    expect(calls()).toEqual(["install", "ci"])
  })

  it("fails with instructions without npm, and without a network", async () => {
    const { run, path } = checkout()
    writeFileSync(join(path, "offline"), "")
    const offline = await run()
    expect(offline).toMatchObject({ code: 1, out: "" })
    expect(offline.stderr).toContain("the package registry could not be reached")
    rmSync(join(path, "npm"))
    const without = await run()
    expect(without).toMatchObject({ code: 1, out: "" })
    expect(without.stderr).toContain("npm is needed for the set-up and was not found")
  })

  it("forwards a signal to the command", async () => {
    const { run, start } = checkout()
    await run()
    const child = start("wait")
    child.stdout.once("data", () => child.kill("SIGTERM"))
    expect(await ended(child)).toMatchObject({ code: 75, out: "wait\n" })
  })
})
