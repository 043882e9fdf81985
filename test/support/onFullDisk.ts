/** The command on a disk that is full for the paths that `FULL`, a regular expression, matches. */
import { Effect, FileSystem, PlatformError } from "effect"
import { run } from "../../src/cli/Process.ts"
import { main } from "../../src/cli/Regimen.ts"

const full = new RegExp(process.env.FULL ?? "^$")

const refuse = (path: string, method: string) =>
  Effect.fail(
    PlatformError.systemError({
      _tag: "Unknown",
      module: "FileSystem",
      method,
      pathOrDescriptor: path,
      cause: { code: "ENOSPC" }
    })
  )

const disk = (fs: FileSystem.FileSystem): FileSystem.FileSystem => ({
  ...fs,
  makeDirectory: (path, options) => (full.test(path) ? refuse(path, "makeDirectory") : fs.makeDirectory(path, options)),
  writeFileString: (path, text, options) =>
    full.test(path) ? refuse(path, "writeFileString") : fs.writeFileString(path, text, options),
  open: (path, options) => (full.test(path) && (options?.flag ?? "r") !== "r" ? refuse(path, "open") : fs.open(path, options))
})

run(Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.provideService(main, FileSystem.FileSystem, disk(fs))))
