/** The subjects that are adapters: PEFT's go over to ours, and ours to PEFT, around the case's model. */
import { join } from "node:path"
import { Effect, Result } from "effect"
import { type HostTensor, Key, Random, Tree } from "../../src/nn.ts"
import { Lora, LoraFiles, Pretrained, type Transformers } from "../../src/transformers.ts"
import * as Case from "./Case.ts"
import * as Draw from "./Draw.ts"
import type { Task } from "./Families.ts"
import type { Subject } from "./Subject.ts"
import * as Training from "./Training.ts"

/** Ends of the paths of dense layers, by how a family's layers are called. */
const targets: ReadonlyArray<readonly [family: RegExp, targets: ReadonlyArray<ReadonlyArray<string>>]> = [
  [/^DistilBert/, [["q_lin", "v_lin"], ["k_lin", "out_lin"], ["lin1", "lin2"], ["attention.q_lin"]]],
  [
    /^(Bert|Roberta|Electra)/,
    [["query", "value"], ["key", "attention.output.dense"], ["intermediate.dense"], ["attention.self.query"]]
  ],
  [/^GPT2/, [["c_attn"], ["c_proj"], ["c_attn", "c_fc", "c_proj"], ["attn.c_proj"]]],
  [/^T5/, [["q", "v"], ["q", "k", "v", "o"], ["wo"], ["EncDecAttention.k"]]],
  [
    /./,
    [
      ["q_proj", "v_proj"],
      ["k_proj", "o_proj"],
      ["gate_proj", "up_proj", "down_proj"],
      ["self_attn.q_proj", "mlp.up_proj"]
    ]
  ]
]

/** What is trained whole, where a task has a head of its own. */
const heads: Partial<Readonly<Record<Task, ReadonlyArray<string>>>> = {
  sequence: ["classifier"],
  token: ["classifier"],
  answer: ["qa_outputs"]
}

/** PEFT's names of the tasks, for which it saves the head too. */
const tasks: Partial<Readonly<Record<Task, string>>> = {
  sequence: "SEQ_CLS",
  token: "TOKEN_CLS",
  answer: "QUESTION_ANS",
  next: "CAUSAL_LM",
  pairs: "SEQ_2_SEQ_LM"
}

/** An adapter of the case's family, at random. */
export const settings = ({ family, key }: Case.Case): Lora.Settings => {
  const draw = Draw.make(Key.fold(key, "adapter"))
  const ends = draw.pick("targets", targets.find(([name]) => name.test(family.architecture))![1])
  const head = heads[family.task]
  return {
    rank: draw.whole("rank", 1, 3),
    alpha: draw.whole("alpha", 1, 4),
    targets: draw.chance("pattern", 0.3) ? `.*\\.(?:${ends.join("|")})` : ends,
    modulesToSave: head !== undefined && draw.chance("head") ? head : [],
    rslora: draw.chance("rslora")
  }
}

/** The same, as PEFT's LoraConfig takes it. */
export const peft = (own: Case.Case): Transformers.Config => {
  const { rank, alpha, targets, modulesToSave, rslora } = settings(own)
  const draw = Draw.make(Key.fold(own.key, "adapter"))
  const task = tasks[own.family.task]
  return {
    r: rank,
    lora_alpha: alpha,
    target_modules: targets,
    use_rslora: rslora,
    fan_in_fan_out: own.family.architecture.startsWith("GPT2"),
    ...(modulesToSave!.length === 0 ? {} : { modules_to_save: modulesToSave }),
    ...(task !== undefined && draw.chance("task") ? { task_type: task } : {})
  }
}

/** The adapter around the case's model, and random numbers for every parameter. */
const adapted = (own: Case.Case) => {
  const lora = Result.getOrThrow(Lora.around(Case.model(own), settings(own)))
  const parameters = Tree.map(lora.init(own.key), (tensor, path): HostTensor.HostTensor => {
    if (!lora.trainable(path)) return Case.parameters(own)[path]!
    const drawn = Random.normal(Key.fold(Key.fold(own.key, "adapter"), path), tensor.shape)
    return { ...drawn, data: Float32Array.from(drawn.data, (z) => 0.25 * z) }
  })
  return { lora, parameters }
}

/** Where Python saved a base model, and what it put around it. */
const formats = [
  ["theirs", "theirs-adapter"],
  ["theirs-bf16", "theirs-bf16-adapter"]
] as const

/** PEFT creates an adapter and saves it in two formats and merged; ours loads them. */
const theirs: Subject = {
  name: "their adapters",
  write: () => Effect.succeed([]),
  compare: Effect.fnUntraced(function* (own) {
    const found = yield* Effect.forEach(
      formats,
      Effect.fnUntraced(function* ([base, name]) {
        const { model } = yield* Pretrained.load(join(own.folder, base))
        const lora = yield* LoraFiles.load(join(own.folder, name), model)
        const expected = yield* Case.expected(own, name)
        const parameters = lora.init(own.key)
        const plain = yield* Case.run(own, model, Lora.merge(lora, parameters))
        const adapted = yield* Case.run(own, lora, parameters, true)
        return [Case.compare(own, adapted, expected), Case.compare(own, plain, Tree.pick(expected, Object.keys(plain)))]
      })
    )
    const merged = yield* Pretrained.load(join(own.folder, "theirs-merged"))
    const whole = yield* Case.run(own, merged.model, merged.model.init(own.key))
    return Case.worst([...found.flat(), Case.compare(own, whole, yield* Case.expected(own, "theirs-merged"))])
  })
}

/** Ours creates an adapter and saves it, also merged; PEFT and transformers load them. */
const ours: Subject = {
  name: "our adapters",
  write: Effect.fnUntraced(function* (own) {
    const { lora, parameters } = adapted(own)
    yield* LoraFiles.save(join(own.folder, "ours-adapter"), { lora, parameters, baseModel: join(own.folder, "ours") })
    yield* Pretrained.save(join(own.folder, "ours-merged"), { model: lora.baseModel, parameters: Lora.merge(lora, parameters) })
    return ["ours-adapter", "ours-merged"]
  }),
  compare: Effect.fnUntraced(function* (own) {
    const { lora, parameters } = adapted(own)
    const outputs = yield* Case.run(own, lora, parameters)
    const all = yield* Effect.forEach(["ours-adapter", "ours-merged"], (name) => Case.expected(own, name))
    return Case.worst(all.map((given) => Case.compare(own, outputs, given)))
  })
}

/** An adapter is trained two steps, and one more by another run that goes on from there; PEFT loads it. */
const resumed: Subject = {
  name: "resumed adapters",
  write: Effect.fnUntraced(function* (own) {
    const { lora, parameters } = adapted(own)
    const model = { ...lora, init: () => parameters }
    yield* Training.run(own, model, { folder: "adapter-run", maxSteps: 2 })
    const { weights } = yield* Training.run(own, model, { folder: "adapter-run", maxSteps: 3 })
    yield* LoraFiles.save(join(own.folder, trained), {
      lora,
      parameters: weights.parameters,
      baseModel: join(own.folder, "ours")
    })
    return [trained]
  }),
  compare: Effect.fnUntraced(function* (own) {
    const { lora, parameters } = adapted(own)
    const around: typeof lora.baseModel = { ...lora.baseModel, init: () => Case.parameters(own) }
    const loaded = (yield* LoraFiles.load(join(own.folder, trained), around)).init(own.key)
    if (!Case.moved(parameters, loaded)) return yield* Effect.fail(new Error("training changed nothing"))
    return Case.compare(own, yield* Case.run(own, lora, loaded), yield* Case.expected(own, trained))
  })
}

const trained = "adapter-run/adapter"

export const all: ReadonlyArray<Subject> = [theirs, ours, resumed]
