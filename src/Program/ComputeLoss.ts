/** `compute_loss`: the user's loss in the place of the model's own. */
import { Predicate } from "effect"
import { defined } from "../Defined.ts"
import { FunctionFailed, type Loss, MissingField, type Model, type Outputs } from "../Model/Model.ts"
import * as UserFunction from "../Model/UserFunction.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"

/**
 * Makes a loss from what the model gave and the batch. `logits`, `labels` and the model's own `loss` (the smoothed one, where arguments ask for label
 * smoothing) are simply there to be read: where one is missing, reading it is a `MissingField`. A batch without labels that is only predicted then has no
 * loss.
 */
export type ComputeLoss = (
  result: Omit<Outputs, "loss" | "outputs"> & {
    readonly loss: Loss
    readonly outputs: Tensors & { readonly logits: Tensor }
  },
  batch: Tensors & { readonly labels: Tensor }
) => Loss

/** Puts a loss around a model. **Errors**: its `apply` throws `FunctionFailed` when the function throws, or gives no two scalar tensors. */
export const around = (compute: ComputeLoss, model: Model): Model => ({
  ...model,
  apply: (parameters, batch, context) => {
    const { loss, ...result } = model.apply(parameters, batch, context)
    const there = Object.keys(result.outputs)
    const found = {
      ...result,
      ...defined({ loss }),
      outputs: sure(result.outputs, "logits", "outputs", there)
    }
    try {
      const given = [sure(found, "loss", "outputs", there), sure(batch, "labels", "batch", Object.keys(batch))] as const
      return { ...result, loss: two(UserFunction.call("computeLoss", () => compute(...given))) }
    } catch (cause) {
      const unlabelled = cause instanceof MissingField && cause.among === "batch" && !context.training
      if (unlabelled) return result
      throw cause
    }
  }
})

/** What was given, where it is a loss. */
const two = (given: unknown): Loss => {
  const { count, sum } = Object(given) as Partial<Loss>
  if (isScalar(sum) && isScalar(count)) return given as Loss
  throw new FunctionFailed({
    function: "computeLoss",
    reason: `it must give { sum, count }, two scalar tensors; it gave ${described(given)}.`
  })
}

const isScalar = (value: unknown): boolean => value instanceof tf.Tensor && value.rank === 0

const described = (given: unknown): string => {
  if (given instanceof tf.Tensor) return `a tensor of shape [${given.shape}]`
  if (Predicate.isPromiseLike(given)) return "a promise"
  if (!Predicate.isReadonlyObject(given)) return given === undefined ? "nothing" : `a ${typeof given}`
  return `{ ${Object.entries(given)
    .map(([name, value]) => `${name}: ${described(value)}`)
    .join(", ")} }`
}

/** A record whose field can be relied on: reading it throws where it is not there. */
const sure = <T extends object, Field extends string>(
  record: T,
  field: Field,
  among: MissingField["among"],
  there: ReadonlyArray<string>
): T & Readonly<Record<Field, NonNullable<T[Field & keyof T]>>> =>
  (field in record
    ? record
    : Object.defineProperty({ ...record }, field, {
        get: () => {
          throw new MissingField({ by: "computeLoss", among, field, there })
        }
      })) as T & Readonly<Record<Field, NonNullable<T[Field & keyof T]>>>
