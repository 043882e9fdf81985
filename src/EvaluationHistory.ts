/** The evaluations of a run as a persistent list: what `TrainerState.evaluations` holds. */
import { Schema, SchemaTransformation } from "effect"

/** The result of one evaluation. `metrics` has every set's metrics under their full names (`eval_loss`). */
export interface Evaluation {
  readonly step: number
  readonly epoch: number
  /** Made before the first update (`evaluateOnStart`): shown, but never the best. */
  readonly initial: boolean
  readonly metrics: Readonly<Record<string, number>>
}

/**
 * Evaluations as a persistent list, newest first: appending shares the past, so that a fold over them can be memoised
 * per node and a decision costs the same at evaluation 10 and 100,000. Encoded as an array, oldest first.
 */
export type Evaluations = EvaluationNode | null
export interface EvaluationNode {
  readonly last: Evaluation
  readonly before: Evaluations
  readonly size: number
}

const EvaluationSchema = Schema.Struct({
  step: Schema.Natural,
  epoch: Schema.Number,
  initial: Schema.Boolean,
  metrics: Schema.Record(Schema.String, Schema.Number)
})

const isEvaluations = (u: unknown): u is Evaluations => u === null || (typeof u === "object" && "last" in u && "before" in u)

const list = SchemaTransformation.transform<Evaluations, ReadonlyArray<Evaluation>>({
  decode: (array) => fromArray(array),
  encode: (list) => toArray(list)
})

/** Lets tools that derive from the schema (`Arbitrary.schema`) reach the entries of the list. */
const toCodec = () => Schema.link<Evaluations>()(Schema.Array(EvaluationSchema), list)

/** Encodes a list of evaluations as an array, oldest first. */
export const codec = Schema.Array(EvaluationSchema).pipe(Schema.decodeTo(Schema.declare(isEvaluations, { toCodec }), list))

/** Appends an evaluation. The old list is unchanged and shared. */
export const append = (list: Evaluations, evaluation: Evaluation): EvaluationNode => ({
  last: evaluation,
  before: list,
  size: (list?.size ?? 0) + 1
})

/** Lists the evaluations, oldest first. */
export const toArray = (list: Evaluations): ReadonlyArray<Evaluation> => {
  const array: Array<Evaluation> = []
  for (let node = list; node !== null; node = node.before) array.push(node.last)
  return array.reverse()
}

export const fromArray = (array: ReadonlyArray<Evaluation>): Evaluations => array.reduce<Evaluations>(append, null)

/** Folds over the evaluations, oldest first. The result for each list is memoised, so folding a longer list costs only what is new. */
export const fold = <S>(zero: S, f: (state: S, evaluation: Evaluation) => S): ((list: Evaluations) => S) => {
  const known = new WeakMap<EvaluationNode, S>()
  return (list) => {
    const news: Array<EvaluationNode> = []
    let node = list
    while (node !== null && !known.has(node)) {
      news.push(node)
      node = node.before
    }
    let state = node === null ? zero : (known.get(node) as S)
    for (const next of news.reverse()) {
      state = f(state, next.last)
      known.set(next, state)
    }
    return state
  }
}
