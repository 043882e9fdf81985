import "@tensorflow/tfjs-backend-cpu"
import { describe, expect, it } from "vitest"
import { blocks, following } from "../../../src/Task/LanguageModeling.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

describe("blocks", () => {
  it("concatenates all rows, splits them into blocks of one length, and drops the remainder", () => {
    const rows = [
      { input_ids: [1, 2, 3], attention_mask: [1, 1, 1], special_tokens_mask: [1, 0, 0] },
      { input_ids: [4, 5], attention_mask: [1, 1], special_tokens_mask: [0, 1] }
    ]
    expect(blocks(rows, 2)).toEqual([
      { input_ids: [1, 2], attention_mask: [1, 1], special_tokens_mask: [1, 0] },
      { input_ids: [3, 4], attention_mask: [1, 1], special_tokens_mask: [0, 0] }
    ])
    expect(blocks(rows, 6)).toEqual([])
  })
})

describe("next-token accuracy", () => {
  it("compares the prediction at each position with the next label, except at the last", () => {
    const labels = tf.tensor2d([[0, 2, 1, -100]], [1, 4], "int32")
    const logits = tf.cast(tf.oneHot(tf.tensor2d([[2, 1, 0, 0]], [1, 4], "int32"), 3), "float32")
    const measured = following.measure({ outputs: { logits } }, { labels })
    const state = following.update(following.empty, HostTensor.fromDevice(measured))
    expect(following.finish(state)).toEqual({ accuracy: 1 })
  })
})
