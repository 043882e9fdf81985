/** A hub for tests: repositories of one commit, given as texts and bytes. */
import { Effect, FileSystem, Layer, Path } from "effect"
import { NotOnHub } from "./Errors.ts"
import { Hub } from "./Hub.ts"

/** Files by path, by the name of their repository. */
export type Repositories = Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>>

/** Writes what is wanted to a folder of the system's temporary ones. */
export const layer = (repositories: Repositories): Layer.Layer<never> =>
  Layer.sync(Hub, () => {
    const folders = new Map<string, string>()
    return {
      snapshot: Effect.fnUntraced(function* (repo, { files: isWanted, revision = "main" }) {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const files = Object.hasOwn(repositories, repo) ? repositories[repo]! : undefined
        if (files === undefined) return yield* new NotOnHub({ repo, what: "repository", name: repo })
        if (revision !== "main") return yield* new NotOnHub({ repo, what: "revision", name: revision })
        const folder = folders.get(repo) ?? (yield* fs.makeTempDirectory())
        folders.set(repo, folder)
        for (const [name, content] of Object.entries(files)) {
          if (!isWanted(name)) continue
          const file = path.join(folder, name)
          yield* fs.makeDirectory(path.dirname(file), { recursive: true })
          yield* typeof content === "string" ? fs.writeFileString(file, content) : fs.writeFile(file, content)
        }
        return { folder, commit: "0".repeat(40), files: Object.keys(files) }
      })
    }
  })
