/** The decisions of `regimen train`, for every combination of folder, phases and arguments. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Decision, decide, isComplete, type Situation, usesModelAlone } from "../../../src/cli/TrainDecision.ts"

const run = (status: "running" | "interrupted" | "finished", step: number) => ({ status, step, metrics: { eval_loss: 0.5 } })

/** A new run in an empty folder. */
const fresh: Situation = {
  name: "digits",
  folder: "runs/digits",
  hasRun: false,
  found: undefined,
  phases: { train: true, evaluate: false, predict: false },
  task: false,
  overwrite: false,
  resumeFromCheckpoint: null,
  findsBatchSize: false,
  differing: [],
  resumeStep: 0,
  maxSteps: 10
}
const finished: Situation = { ...fresh, hasRun: true, found: run("finished", 10), resumeStep: 10 }
const evaluate = { train: false, evaluate: true, predict: false }
const both = { train: true, evaluate: true, predict: false }

const table: ReadonlyArray<readonly [name: string, situation: Situation, expected: Partial<Decision>]> = [
  ["trains in an empty folder without an announcement", fresh, { _tag: "Train", announce: false, clear: false, dryRun: false }],
  [
    "resumes an interrupted run",
    { ...fresh, hasRun: true, found: run("interrupted", 4), resumeStep: 4 },
    { _tag: "Train", announce: true, clear: false, dryRun: false }
  ],
  [
    "starts again a run that was killed before its first checkpoint",
    { ...fresh, hasRun: true, found: run("running", 0) },
    { _tag: "Train", announce: true }
  ],
  [
    "announces a checkpoint of another folder",
    { ...fresh, resumeFromCheckpoint: "runs/a/checkpoint-4", resumeStep: 4 },
    { announce: true }
  ],
  ["reports a finished run", finished, { _tag: "Report", step: 10, metrics: { eval_loss: 0.5 } }],
  [
    "evaluates a finished run instead of training it",
    { ...finished, phases: both },
    { _tag: "EvaluateOnly", weights: "checkpoint" }
  ],
  ["reports a finished run with other arguments and no step left", { ...finished, differing: ["seed"] }, { _tag: "Report" }],
  [
    "continues a finished run that has more steps",
    { ...finished, differing: ["max_steps"], maxSteps: 20 },
    { _tag: "Train", announce: true, clear: false }
  ],
  [
    "trains from an older checkpoint of a finished run",
    { ...finished, resumeFromCheckpoint: "runs/digits/checkpoint-5", resumeStep: 5 },
    { _tag: "Train", announce: true }
  ],
  [
    "clears the folder after a dry run when it is to be overwritten",
    { ...fresh, hasRun: true, overwrite: true },
    { _tag: "Train", clear: true, dryRun: true, announce: false }
  ],
  [
    "needs no dry run where the batch size is searched for",
    { ...fresh, hasRun: true, overwrite: true, findsBatchSize: true },
    { clear: true, dryRun: false }
  ],
  ["evaluates the checkpoint of a run", { ...finished, phases: evaluate }, { _tag: "EvaluateOnly", weights: "checkpoint" }],
  [
    "evaluates a task's model in a folder without a run",
    { ...fresh, task: true, phases: evaluate },
    { _tag: "EvaluateOnly", weights: "model" }
  ],
  [
    "evaluates the run of a task, not its model, where there is one",
    { ...finished, task: true, phases: evaluate },
    { _tag: "EvaluateOnly", weights: "checkpoint" }
  ]
]

describe("decide", () => {
  it.each(table)("%s", (_, situation, expected) => expect(decide(situation)).toMatchObject(expected))

  it("names the differing arguments, and what to do, when no step is left", () => {
    const decision = decide({ ...finished, differing: ["seed", "learning_rate"] })
    expect(decision).toMatchObject({ message: expect.stringMatching(/\(seed, learning_rate\).*no step is left.*--max_steps/) })
  })
})

const situation: fc.Arbitrary<Situation> = fc
  .record({
    status: fc.constantFrom(undefined, "running" as const, "interrupted" as const, "finished" as const),
    train: fc.boolean(),
    evaluate: fc.boolean(),
    predict: fc.boolean(),
    task: fc.boolean(),
    overwrite: fc.boolean(),
    resumeFromCheckpoint: fc.constantFrom(null, true, false, "runs/digits/checkpoint-2"),
    findsBatchSize: fc.boolean(),
    differing: fc.subarray(["seed", "max_steps"]),
    step: fc.nat(10),
    maxSteps: fc.nat(20)
  })
  .map(({ evaluate, overwrite, predict, status, step, train, ...rest }) => ({
    ...rest,
    name: "digits",
    folder: "runs/digits",
    hasRun: status !== undefined,
    found: status === undefined || overwrite ? undefined : run(status, step),
    phases: { train: train || !(evaluate || predict), evaluate, predict },
    overwrite,
    resumeStep: overwrite || status === undefined ? 0 : step
  }))

it("trains exactly when training is requested and steps are left, and clears only what is overwritten", () => {
  fc.assert(
    fc.property(situation, (situation) => {
      const decision = decide(situation)
      const { differing, found, maxSteps, overwrite, phases, resumeFromCheckpoint, resumeStep } = situation
      const done = found?.status === "finished"
      const asRecorded = differing.length === 0 && (resumeFromCheckpoint === null || resumeFromCheckpoint === true)
      expect(decision._tag === "Train").toBe(phases.train && !(done && (asRecorded || resumeStep >= maxSteps)))
      if (decision._tag === "Train") expect(decision.clear).toBe(overwrite)
      if (decision._tag === "Report") expect(done).toBe(true)
      if (decision._tag === "EvaluateOnly") {
        expect(phases.evaluate || phases.predict).toBe(true)
        expect(decision.weights === "model").toBe(usesModelAlone(situation))
      }
      if (isComplete(situation)) expect(decision._tag).toBe("Report")
    }),
    { numRuns: 2000 }
  )
})
