/** What a command that trains came to, for machines: one object on standard output, and what is meant for people on standard error. */
import { Console, Effect, Stdio } from "effect"
import type { Results } from "../Format/Results.ts"

export interface Outcome {
  readonly program: string
  readonly output_dir: string
  readonly status: "finished" | "interrupted"
  readonly step: number
  /** Those of the training, the evaluation and the prediction, by their full names. */
  readonly metrics: Results
}

type Told<A, E, R> = (tell: (outcome: Outcome) => Effect.Effect<void>) => Effect.Effect<A, E, R>

/** Runs a command that tells its outcome: in JSON where that is asked for. */
export const telling = <A, E, R>(json: boolean, run: Told<A, E, R>): Effect.Effect<A, E, R | Stdio.Stdio> =>
  Effect.gen(function* () {
    if (!json) return yield* run(() => Effect.void)
    const console = yield* Console.Console
    const stdio = yield* Stdio.Stdio
    const aside: Console.Console = { ...console, log: (...words) => console.error(...words) }
    return yield* run((outcome) => Effect.sync(() => console.log(JSON.stringify(outcome)))).pipe(
      Effect.provideService(Console.Console, aside),
      Effect.provideService(Stdio.Stdio, { ...stdio, stdout: stdio.stderr, stdoutIsTerminal: stdio.stderrIsTerminal })
    )
  })

/** An error, as machines read it. */
export const failure = ({ _tag, message }: { readonly _tag: string; readonly message: string }): string =>
  JSON.stringify({ error: { _tag, message } })
