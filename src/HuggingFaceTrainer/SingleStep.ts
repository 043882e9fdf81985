/** `training_step` and `compute_loss`: one batch, by hand. Nothing is updated. */
import { Effect } from "effect"
import * as LabelError from "../Data/LabelError.ts"
import { Device } from "../Layer/Device/Device.ts"
import * as UserFunction from "../Model/UserFunction.ts"
import * as Program from "../Program/Program.ts"
import * as Gradient from "../Step/Gradient.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { current, present, type TrainerContext } from "./TrainerContext.ts"

/** The loss and the gradients of a batch, as the next update would take them. **Unit**: nats. **Shapes**: gradients as the parameters'. */
export const trainingStep = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>, inputs: HostTensors) {
  const { state } = yield* current(context)
  const { model, reduction, seed, trainable } = yield* Program.taskConfig(context.args, yield* context.parts)
  const pass = Gradient.make({ model, reduction, trainable })
  const key = Key.fold(Key.fold(Key.fold(Key.make(seed), "step"), state.step), 0)
  const found = yield* forward(context, "a training step", inputs, (parameters, buffers, batch) => {
    const { gradients, loss } = pass({ parameters, buffers, batch, key })
    const mean = Tree.map(gradients, (gradient) => tf.div(gradient, loss.count))
    return { ...Tree.prefix(mean, "gradients"), loss: tf.div(loss.sum, loss.count) }
  })
  return { loss: found.loss!.data[0]!, gradients: Tree.under(found, "gradients") }
})

/** The loss of a batch, and the outputs that it comes from. **Unit**: nats. */
export const computeLoss = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>, inputs: HostTensors) {
  const { model, reduction } = yield* Program.taskConfig(context.args, yield* context.parts)
  const found = yield* forward(context, "a loss", inputs, (parameters, buffers, batch) => {
    const { loss, outputs } = model.apply(parameters, batch, { training: false, key: Key.make(0), buffers })
    if (loss === undefined) return Tree.prefix(outputs, "outputs")
    const { count, sum } = reduction.train(loss)
    return { ...Tree.prefix(outputs, "outputs"), loss: tf.div(sum, count) }
  })
  return { loss: found.loss?.data[0], outputs: Tree.under(found, "outputs") }
})

/** Runs a function of the weights and a batch on the device, and reads what it gives. */
const forward = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  during: string,
  inputs: HostTensors,
  run: (parameters: Tensors, buffers: Tensors, batch: Tensors) => Tensors
) {
  const device = yield* Device
  const { buffers, parameters } = yield* (yield* present(context)).onDevice
  return yield* Effect.acquireUseRelease(
    Effect.flatMap(
      device.run(during, () => UserFunction.toResult(() => run(parameters, buffers, HostTensor.toDevice(inputs)))),
      (result) => Effect.fromResult(LabelError.typed(result, [{ tensors: inputs, rows: 0 }]))
    ),
    device.read,
    device.dispose
  )
}, Effect.scoped)
