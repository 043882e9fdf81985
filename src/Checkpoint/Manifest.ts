/** The manifest lists a checkpoint's files with their sizes and hashes. It is written last: a folder without it is incomplete. */
import { Effect, Schema } from "effect"
import { defined } from "../Defined.ts"
import type { Files } from "./Folder.ts"
import { Lineage } from "./Lineage.ts"

export const fileName = "manifest.json"

/** **Unit**: bytes. */
const Written = Schema.Struct({ size: Schema.Natural, sha256: Schema.String })

/** A file name that cannot leave the folder. */
const isName = (name: string) => /^\w[\w.-]*$/.test(name)

const Manifest = Schema.Struct({
  format: Schema.Literal(1),
  files: Schema.Record(Schema.String, Written).pipe(Schema.check(Schema.makeFilter((files) => Object.keys(files).every(isName)))),
  /** Absent in checkpoints of older versions. In the manifest so that it can be read without the tensors. */
  lineage: Schema.optionalKey(Lineage)
})
export type Manifest = typeof Manifest.Type

const codec = Schema.fromJsonString(Manifest)
export const decode = Schema.decodeUnknownEffect(codec)
export const encode = (manifest: Manifest): Uint8Array => new TextEncoder().encode(Schema.encodeSync(codec)(manifest))

/** Creates the manifest of files. The hashing is done off the main thread. */
export const make = Effect.fnUntraced(function* (files: Files, lineage?: Lineage) {
  const entries: Record<string, Manifest["files"][string]> = {}
  for (const [name, bytes] of Object.entries(files)) entries[name] = { size: bytes.length, sha256: yield* sha256(bytes) }
  const manifest: Manifest = { format: 1, files: entries, ...defined({ lineage }) }
  return manifest
})

/** Describes how a file differs from its manifest entry, or returns undefined. */
export const fault = Effect.fnUntraced(function* (bytes: Uint8Array, written: Manifest["files"][string]) {
  if (bytes.length !== written.size) return `it has ${bytes.length} bytes, and ${written.size} were written`
  const found = yield* sha256(bytes)
  return found === written.sha256 ? undefined : `its SHA-256 is ${found}, and ${written.sha256} was written`
})

const sha256 = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)),
    (digest) => Buffer.from(digest).toString("hex")
  )
