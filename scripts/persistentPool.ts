/**
 * A pool of Vitest for mutation testing: one process runs the test files of all mutants, so that a mutant costs its tests and not the start of Node, Vitest
 * and Effect. The modules of `src` stay loaded; test files and setup files are loaded for each mutant. A static mutant, whose code runs while modules are
 * loaded, gets a process of its own. Used by `scripts/mutation.sh`.
 */
import { ForksPoolWorker, type PoolOptions, type TestProject, type WorkerRequest } from "vitest/node"

type Listener = (...values: Array<unknown>) => void
type Response = { readonly __vitest_worker_response__?: true; readonly type?: string }

class PersistentWorker extends ForksPoolWorker {
  override readonly name = "persistent"
  readonly #project: TestProject
  #alive = false
  #busy = false
  /** Whether modules are loaded, perhaps with a static mutant active. */
  #loaded: "no" | "yes" | "static" = "no"
  #listeners: Array<readonly [string, Listener]> = []
  #context: object | undefined

  constructor(options: PoolOptions) {
    super(options)
    this.#project = options.project
  }

  override on(event: string, callback: Listener): void {
    this.#listeners.push([event, callback])
    super.on(event, callback)
  }

  override async start(): Promise<void> {
    const needed = Reflect.get(this.#project.getProvidedContext(), "mutantActivation") === "static" ? "static" : "yes"
    if (this.#alive && this.#loaded !== "no" && (this.#loaded === "static" || needed === "static")) await this.#end()
    this.#loaded = needed
    if (this.#alive) return
    await super.start()
    this.#alive = true
    this.#context = undefined
    super.on("exit", () => {
      this.#alive = false
    })
    super.on("message", (message: Response) => {
      if (message?.__vitest_worker_response__ === true && message.type === "testfileFinished") this.#busy = false
    })
  }

  override send(message: WorkerRequest): void {
    if (message.type === "stop" && !this.#busy) {
      this.#respond("stopped")
    } else if (message.type === "start" && this.#context !== undefined) {
      this.#context = message.context
      this.#respond("started")
    } else if (message.type === "run") {
      this.#busy = true
      // the test name pattern of this run is part of the configuration, which Vitest sends with "start" only
      super.send({ ...message, context: { ...this.#context, ...message.context } })
    } else {
      if (message.type === "start") this.#context = message.context
      super.send(message)
    }
  }

  override async stop(): Promise<void> {
    for (const [event, callback] of this.#listeners) super.off(event, callback)
    this.#listeners = []
    if (this.#busy) await this.#end()
  }

  async #end(): Promise<void> {
    this.#alive = this.#busy = false
    await super.stop()
  }

  #respond(type: "started" | "stopped"): void {
    const response = { type, __vitest_worker_response__: true }
    queueMicrotask(() => {
      for (const [event, callback] of [...this.#listeners]) if (event === "message") callback(response)
    })
  }
}

let worker: PersistentWorker | undefined

/** A plugin, because Stryker sets the pool of the configuration itself. */
export const persistentPool = {
  name: "persistent-pool",
  configureVitest: ({ project }: { readonly project: { readonly config: object } }): void => {
    Object.assign(project.config, {
      pool: "persistent",
      poolRunner: {
        name: "persistent",
        createPoolWorker: (options: PoolOptions) => {
          worker ??= new PersistentWorker(options)
          return worker
        }
      }
    })
  }
}
