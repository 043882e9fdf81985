/** The Python environment of the checks: a virtual environment outside of the checkout, created once. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = process.env.REGIMEN_INTEROP_VENV ?? join(tmpdir(), "regimen-interop")
const requirements = join(import.meta.dirname, "requirements.txt")

/** Creates the environment if it is missing or was created from other requirements. Needs the network, some minutes and 7 GB. */
export const python = (): string => {
  const [interpreter, installed] = [join(folder, "bin/python"), join(folder, "made-from.txt")]
  const wanted = readFileSync(requirements, "utf8")
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return interpreter
  console.log(`making a virtual environment in ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  const run = (command: string, args: ReadonlyArray<string>) =>
    execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] })
  run("python3", ["-m", "venv", folder])
  run(interpreter, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
  run(join(folder, "bin/uv"), [
    "pip",
    "install",
    "--quiet",
    "--native-tls",
    "--python",
    interpreter,
    "--requirements",
    requirements
  ])
  writeFileSync(installed, wanted)
  return interpreter
}

/** Runs a script of this folder. */
export const run = (script: string, ...args: ReadonlyArray<string>): void => {
  execFileSync(python(), [join(import.meta.dirname, script), ...args], { stdio: ["ignore", "inherit", "inherit"] })
}
