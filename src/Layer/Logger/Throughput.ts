/** How fast something goes: a speed over the last moments, and the time that is left at the pace so far. **Unit**: seconds. */

export interface Meter {
  /** Oldest first: when it was looked at, and how much was done. */
  readonly recent: ReadonlyArray<Sample>
  readonly first: Sample | null
}

interface Sample {
  readonly at: number
  readonly done: number
}

export const empty: Meter = { recent: [], first: null }

/** How long the speed looks back, and how often. **Unit**: samples. */
const memory = 30

/** Takes a look. What is done must not shrink; if it does, measuring starts again. */
export const observe = (meter: Meter, at: number, done: number): Meter => {
  const sample = { at, done }
  const last = meter.recent.at(-1)
  if (meter.first === null || last === undefined || done < last.done) return { recent: [sample], first: sample }
  return done === last.done ? meter : { ...meter, recent: [...meter.recent, sample].slice(-memory) }
}

/** Leaves a pause out of the speed (not out of the pace): an evaluation is no slow step. */
export const pause = (meter: Meter, seconds: number): Meter => ({
  ...meter,
  recent: meter.recent.map(({ at, done }) => ({ at: at + seconds, done }))
})

/** Returns the recent speed, or NaN if it cannot be estimated yet. */
export const perSecond = ({ recent }: Meter): number => speed(recent[0], recent.at(-1))

/** Estimates the remaining time from the average speed since the start, pauses included. */
export const left = (meter: Meter, now: number, total: number): number => {
  const last = meter.recent.at(-1)
  if (last === undefined) return NaN
  return (total - last.done) / speed(meter.first, { at: now, done: last.done })
}

const speed = (from: Sample | null | undefined, to: Sample | undefined): number =>
  from && to && to.at > from.at && to.done > from.done ? (to.done - from.done) / (to.at - from.at) : NaN
