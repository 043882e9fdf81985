/** A local server that answers as the Hugging Face hub does for its models, and can fail in several ways. */
import { createHash } from "node:crypto"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

export interface Repository {
  readonly files: Readonly<Record<string, string | Uint8Array>>
  /** Asked for first: 401 without a token, 403 with one that has no access. */
  readonly gated?: boolean
}

export interface HubServer {
  readonly endpoint: string
  /** Paths that were asked for, with the range. */
  readonly asked: Array<string>
  /** The one token that is known. */
  readonly token: string
  /** Sends so many bytes of a file's content in all, then cuts the connection: once. */
  cut?: { readonly file: string; readonly after: number } | undefined
  /** Answers with this status whatever is asked. */
  status?: number | undefined
  /** Sends other bytes than it says. */
  damages?: boolean
  /** What tree listings say that there is beside the files. */
  more?: ReadonlyArray<string>
}

/** Large files have a SHA-256, as those in LFS. */
const isLarge = (name: string) => name.endsWith(".safetensors")
const bytesOf = (content: string | Uint8Array) => Buffer.from(content)
const commitOf = (name: string) => createHash("sha1").update(name).digest("hex")
const entryOf = (path: string, content: string | Uint8Array) => {
  const bytes = bytesOf(content)
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex")
  const lfs = { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 100 }
  return { type: "file", path, size: bytes.length, oid, ...(isLarge(path) ? { lfs } : {}) }
}

/** Serves repositories until the scope closes. */
export const serve = (repositories: Readonly<Record<string, Repository>>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<readonly [HubServer, () => void]>((resume) => {
        const asked: Array<string> = []
        const state: { -readonly [K in keyof HubServer]: HubServer[K] } = { endpoint: "", asked, token: "hf_right" }
        const server = createServer((request, response) => {
          const url = new URL(request.url ?? "/", "http://hub")
          asked.push(`${url.pathname}${request.headers.range === undefined ? "" : ` ${request.headers.range}`}`)
          answer(state, repositories, url, request.headers, response)
        })
        server.listen(0, "127.0.0.1", () => {
          state.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
          const close = () => {
            server.closeAllConnections()
            server.close()
          }
          resume(Effect.succeed([state, close]))
        })
      }),
      ([, close]) => Effect.sync(close)
    ),
    ([server]) => server
  )

const answer = (
  server: HubServer,
  repositories: Readonly<Record<string, Repository>>,
  url: URL,
  headers: { readonly authorization?: string | undefined; readonly range?: string | undefined },
  response: ServerResponse
): void => {
  const refuse = (status: number, code: string) => response.writeHead(status, { "x-error-code": code }).end()
  const json = (value: unknown) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
  if (server.status !== undefined) return void refuse(server.status, "")
  const token = headers.authorization?.replace("Bearer ", "")
  if (token !== undefined && token !== server.token && token !== "hf_other") {
    response.writeHead(401, { "x-error-message": "Invalid credentials in Authorization header" }).end()
    return
  }
  const [, repo = "", action, revision = "", file = ""] =
    /^(?:\/api\/models)?\/([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? []
  const found = Object.hasOwn(repositories, repo) ? repositories[repo]! : undefined
  if (found === undefined) return void refuse(token === undefined ? 401 : 404, "RepoNotFound")
  if (found.gated === true && token !== server.token) return void refuse(token === undefined ? 401 : 403, "GatedRepo")
  const commit = commitOf(repo)
  if (revision !== "main" && revision !== commit) return void refuse(404, "RevisionNotFound")
  if (action === "revision")
    return void json({ _id: "1", id: repo, sha: commit, lastModified: "2026-01-01", private: false, gated: false })
  if (action === "tree") {
    const folders = [{ type: "directory", path: "onnx", size: 0, oid: "0" }]
    const entries = Object.entries(found.files).map(([path, content]) => entryOf(path, content))
    return void json([...folders, ...entries, ...(server.more ?? []).map((path) => entryOf(path, "x"))])
  }
  if (!Object.hasOwn(found.files, file)) return void refuse(404, "EntryNotFound")
  send(server, file, bytesOf(found.files[file]!), headers.range, response)
}

const send = (server: HubServer, file: string, whole: Buffer, range: string | undefined, response: ServerResponse): void => {
  const [, from = "0", to] = /bytes=(\d+)-(\d+)/.exec(range ?? "") ?? []
  const [begin, end] = [Number(from), Math.min(to === undefined ? whole.length : Number(to) + 1, whole.length)]
  const bytes = Buffer.from(whole.subarray(begin, end))
  if (server.damages === true) bytes.fill(0)
  const size = { "content-length": bytes.length, "content-range": `bytes ${begin}-${end - 1}/${whole.length}` }
  response.writeHead(range === undefined ? 200 : 206, { ...size, etag: '"e"' })
  const { cut } = server
  if (cut === undefined || cut.file !== file || end <= cut.after) return void response.end(bytes)
  server.cut = undefined
  response.write(bytes.subarray(0, Math.max(1, cut.after - begin)), () => response.destroy())
}
