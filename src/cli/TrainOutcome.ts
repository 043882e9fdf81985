/** The outcome of a command that trains, for machines: one JSON object on standard output; text for people goes to standard error. */
import { Console, Effect, Stdio } from "effect"
import type { Results } from "../Format/Results.ts"

export interface Outcome {
  readonly program: string
  readonly output_dir: string
  readonly status: "finished" | "interrupted"
  readonly step: number
  /** Metrics of the training, the evaluation and the prediction, by their full names. */
  readonly metrics: Results
}

type Reporting<A, E, R> = (report: (outcome: Outcome) => Effect.Effect<void>) => Effect.Effect<A, E, R>

/** Runs a command with a function that reports its outcome, which prints JSON if `json` is set. */
export const reporting = <A, E, R>(json: boolean, run: Reporting<A, E, R>): Effect.Effect<A, E, R | Stdio.Stdio> =>
  Effect.gen(function* () {
    if (!json) return yield* run(() => Effect.void)
    const console = yield* Console.Console
    const stdio = yield* Stdio.Stdio
    const toStandardError: Console.Console = { ...console, log: (...words) => console.error(...words) }
    return yield* run((outcome) => Effect.sync(() => console.log(JSON.stringify(outcome)))).pipe(
      Effect.provideService(Console.Console, toStandardError),
      Effect.provideService(Stdio.Stdio, { ...stdio, stdout: stdio.stderr, stdoutIsTerminal: stdio.stderrIsTerminal })
    )
  })

/** Encodes an error as JSON. */
export const failure = ({ _tag, message }: { readonly _tag: string; readonly message: string }): string =>
  JSON.stringify({ error: { _tag, message } })
