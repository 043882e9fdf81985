/** The state of a run: plain, immutable, JSON-encodable data, and all that a schedule may look at. */
import { Effect, Schema } from "effect"
import { append, codec, type Evaluations } from "./EvaluationHistory.ts"

export * from "./EvaluationHistory.ts"

/** Decided or requested, and not yet done. */
export interface Asked {
  readonly log: boolean
  readonly evaluate: boolean
  readonly save: boolean
}

/** Latched wishes to end: this epoch, or the run. */
export interface Stop {
  readonly epoch: boolean
  readonly run: boolean
}

/** The data cursor, in integers: the next micro-batch is number `batch` of epoch `epoch`. */
export interface Position {
  readonly epoch: number
  readonly batch: number
}

/** Sums of per-update losses, in nats: since the last log, and of all updates before it. Brought up to date at a log and at a save. */
export interface Losses {
  readonly sinceLog: number
  readonly total: number
}

/** The last update's figures, for a log that was decided and not yet made. Brought up to date at a save. */
export interface LastUpdate {
  readonly learningRate: number
  readonly gradNorm: number
}

/** Where a run stood before the transition that is being settled. */
export interface Before {
  readonly step: number
  readonly epoch: number
  readonly position: Position
  readonly epochsEnded: number
  readonly open: boolean
  readonly samples: number
  readonly tokens: number
  readonly inputTokens: number
  readonly flos: number
}

/** An end that was reached and not yet reported: a run interrupted there reports it when it resumes. */
export type Pending = "Updated" | "StepEnded" | "EpochEnded"

export interface TrainerState {
  /** Optimizer updates done. */
  readonly step: number
  /** Progress in epochs, latched at the last update: `finished epochs + batches done / batches per epoch`. */
  readonly epoch: number
  readonly position: Position
  /** Epochs ended, those that a stop ended early included: a clock for triggers, not a cursor. */
  readonly epochsEnded: number
  /** Between the start and the end of an epoch: a run interrupted after its last update still owes the epoch's end. */
  readonly open: boolean
  /** Step of the last training log. */
  readonly loggedAt: number
  /** Entries of the canonical log that belong to this state: a run that resumes from it drops any later ones. */
  readonly historyLength: number
  readonly evaluations: Evaluations
  /** Steps whose checkpoints are on disk, oldest first; refreshed from the store on resume. */
  readonly checkpoints: ReadonlyArray<number>
  /** The best step that was on disk at the last save. */
  readonly bestCheckpoint: number | null
  readonly asked: Asked
  /** While a transition is settled (log, evaluate, save): what triggers compare with, also where the run is interrupted in the middle of it. */
  readonly settling: Before | null
  readonly stop: Stop
  /** Training rows seen by finished updates. */
  readonly samples: number
  /** Labels that counted in the losses of finished updates (rows, where a row has one label). */
  readonly tokens: number
  /** Elements of the model's main input in finished updates, with or without padding, where a run counts them. */
  readonly inputTokens: number
  /** Floating-point operations of finished updates, as the model estimates them. */
  readonly flos: number
  readonly losses: Losses
  readonly lastUpdate: LastUpdate
  readonly pending: Pending | null
  /** The state of callbacks, by their names, as JSON. */
  readonly callbacks: Callbacks
}

export type Callbacks = Readonly<Record<string, unknown>>

export const nothingAsked: Asked = { log: false, evaluate: false, save: false }

/** The state before the first update. */
export const initial: TrainerState = {
  step: 0,
  epoch: 0,
  position: { epoch: 0, batch: 0 },
  epochsEnded: 0,
  open: false,
  loggedAt: 0,
  historyLength: 0,
  evaluations: null,
  checkpoints: [],
  bestCheckpoint: null,
  asked: nothingAsked,
  settling: null,
  stop: { epoch: false, run: false },
  samples: 0,
  tokens: 0,
  inputTokens: 0,
  flos: 0,
  losses: { sinceLog: 0, total: 0 },
  lastUpdate: { learningRate: 0, gradNorm: 0 },
  pending: null,
  callbacks: {}
}

const PositionSchema = Schema.Struct({ epoch: Schema.Natural, batch: Schema.Natural })

/**
 * Encodes a state as JSON and back.
 *
 * **Law**: decode(encode(state)) equals state (test/property/TrainerState.test.ts).
 */
export const TrainerState = Schema.Struct({
  step: Schema.Natural,
  epoch: Schema.Finite,
  position: PositionSchema,
  epochsEnded: Schema.Natural,
  open: Schema.Boolean,
  loggedAt: Schema.Natural,
  historyLength: Schema.Natural.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  evaluations: codec,
  checkpoints: Schema.Array(Schema.Natural),
  bestCheckpoint: Schema.NullOr(Schema.Natural),
  asked: Schema.Struct({ log: Schema.Boolean, evaluate: Schema.Boolean, save: Schema.Boolean }),
  settling: Schema.NullOr(
    Schema.Struct({
      step: Schema.Natural,
      epoch: Schema.Finite,
      position: PositionSchema,
      epochsEnded: Schema.Natural,
      open: Schema.Boolean,
      samples: Schema.Natural,
      tokens: Schema.Natural,
      inputTokens: Schema.Natural.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
      flos: Schema.Number.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0)))
    })
  ),
  stop: Schema.Struct({ epoch: Schema.Boolean, run: Schema.Boolean }),
  samples: Schema.Natural,
  tokens: Schema.Natural,
  inputTokens: Schema.Natural.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  flos: Schema.Number.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  losses: Schema.Struct({ sinceLog: Schema.Number, total: Schema.Number }),
  lastUpdate: Schema.Struct({ learningRate: Schema.Number, gradNorm: Schema.Number }),
  pending: Schema.NullOr(Schema.Literals(["Updated", "StepEnded", "EpochEnded"])).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(null))
  ),
  callbacks: Schema.Record(Schema.String, Schema.Unknown).pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
})

/** Notes where a run stands, before a transition. */
export const standing = ({
  epoch,
  epochsEnded,
  flos,
  inputTokens,
  open,
  position,
  samples,
  step,
  tokens
}: TrainerState): Before => ({ step, epoch, position, epochsEnded, open, samples, tokens, inputTokens, flos })

/** Gives the state before the transition that is being settled; where there is none, the state itself. */
export const before = (state: TrainerState): TrainerState =>
  state.settling === null ? state : { ...state, ...state.settling, settling: null, pending: null }

/** The transition is settled. */
export const settled = (state: TrainerState): TrainerState => ({ ...state, settling: null })

// Transitions: each gives the state after one thing has happened.

export const epochStarted = (state: TrainerState): TrainerState => ({
  ...state,
  open: true,
  stop: state.open ? state.stop : { ...state.stop, epoch: false }
})

/** What one update consumed. **Unit**: rows, labels that counted in the loss, elements of the main input, floating-point operations. */
export interface Consumed {
  readonly samples: number
  readonly tokens: number
  readonly inputTokens?: number
  readonly flos?: number
}

/** An update was made from the micro-batches up to `batch` (of `batchesPerEpoch`) of the current epoch. */
export const stepEnded = (state: TrainerState, batch: number, batchesPerEpoch: number, consumed: Consumed): TrainerState => ({
  ...state,
  step: state.step + 1,
  epoch: state.position.epoch + batch / batchesPerEpoch,
  position: { epoch: state.position.epoch, batch },
  samples: state.samples + consumed.samples,
  tokens: state.tokens + consumed.tokens,
  inputTokens: state.inputTokens + (consumed.inputTokens ?? 0),
  flos: state.flos + (consumed.flos ?? 0)
})

/** The cursor moves to the next epoch unless the run was stopped with data left: then a resumed run goes on where it was. */
export const epochEnded = (state: TrainerState, exhausted: boolean): TrainerState => ({
  ...state,
  open: false,
  epochsEnded: state.epochsEnded + 1,
  position: exhausted || state.stop.epoch ? { epoch: state.position.epoch + 1, batch: 0 } : state.position
})

/** The losses since the last log were read (`sum`) and logged. */
export const logged = (state: TrainerState, sum: number): TrainerState => ({
  ...state,
  loggedAt: state.step,
  historyLength: state.historyLength + 1,
  losses: { sinceLog: 0, total: state.losses.total + sum },
  asked: { ...state.asked, log: false }
})

/** An entry was added to the canonical log: that of an evaluation set, or the summary. */
export const entryLogged = (state: TrainerState): TrainerState => ({ ...state, historyLength: state.historyLength + 1 })

export const evaluated = (state: TrainerState, metrics: Readonly<Record<string, number>>, initial: boolean): TrainerState => ({
  ...state,
  evaluations: append(state.evaluations, { step: state.step, epoch: state.epoch, initial, metrics })
})
