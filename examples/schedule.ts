/** A schedule and a trigger of your own: cycles of cosine, and a checkpoint where each ends. `bin/regimen train examples/schedule.ts` */
import { Program, Schedule, Trigger } from "regimen"
import { line, points } from "./line.ts"

/** The learning rate falls from `peak` to 0 along a cosine, over and over. **Unit**: `period` in updates. */
export const cycles = (peak: number, period: number): Schedule.Schedule<number> =>
  Schedule.make(({ step }) => (peak / 2) * (1 + Math.cos((Math.PI * (step % period)) / period)))

/** Fires at the end of each cycle, when the rate has come down: the weights are worth keeping there. */
export const cycleEnd = (period: number): Trigger.Trigger => Trigger.every(period)

export default Program.make({
  args: { outputDir: "runs/schedule", numTrainEpochs: 60 },
  model: line,
  trainDataset: points,
  plan: (plan) => ({ ...plan, learningRate: cycles(0.1, 20), save: cycleEnd(20) })
})
