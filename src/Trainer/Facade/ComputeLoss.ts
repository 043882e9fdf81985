/** `compute_loss`: the user's loss in the place of the model's own. */
import { guard } from "../../Model/Guard.ts"
import { type Loss, MissingField, type Model, type Outputs } from "../../Model/Model.ts"
import type { Tensor, Tensors } from "../../Tensor/Tensor.ts"

/**
 * Makes a loss from what the model gave and the batch. `logits`, `labels` and the model's own `loss` are simply there to be read: where one is missing,
 * reading it is a `MissingField`. A batch without labels that is only predicted then has no loss.
 */
export type ComputeLoss = (
  result: Omit<Outputs, "loss" | "outputs"> & {
    readonly loss: Loss
    readonly outputs: Tensors & { readonly logits: Tensor }
  },
  batch: Tensors & { readonly labels: Tensor }
) => Loss

/** Puts a loss around a model. */
export const around = (compute: ComputeLoss, model: Model): Model => ({
  ...model,
  apply: (parameters, batch, context) => {
    const { loss, ...result } = model.apply(parameters, batch, context)
    const there = Object.keys(result.outputs)
    const found = {
      ...result,
      ...(loss === undefined ? {} : { loss }),
      outputs: sure(result.outputs, "logits", "outputs", there)
    }
    try {
      const given = [sure(found, "loss", "outputs", there), sure(batch, "labels", "batch", Object.keys(batch))] as const
      return { ...result, loss: guard("computeLoss", () => compute(...given)) }
    } catch (cause) {
      const unlabelled = cause instanceof MissingField && cause.among === "batch" && !context.training
      if (unlabelled) return result
      throw cause
    }
  }
})

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
