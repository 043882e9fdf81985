/** Bugs of data, stores, loggers, and of waiting for them. */
import type { Bug } from "./Bug.ts"

const run = "test/unit/Driver/Run.test.ts"
const forks = "test/property/forks.test.ts"

export const services: ReadonlyArray<Bug> = [
  {
    bug: "A stream that fails within a batch is trained on a short batch",
    file: "src/Data/Loader/FromStream.ts",
    find: "Pull.catchDone(cursor.pull, () => Effect.succeed(undefined))",
    replace:
      "Effect.catch(cursor.pull, (error: any) => (rows.length > 0 || Cause.isDone(error) ? Effect.succeed(undefined) : Effect.fail(error)))",
    test: "test/property/streamFailures.test.ts"
  },
  {
    bug: "The rows of a failed read of a stream are lost to its retry",
    file: "src/Data/Loader/FromStream.ts",
    find: "Effect.onError(read(epoch, batch), () => close)",
    replace: "read(epoch, batch)",
    test: "test/unit/Data/Loader.test.ts",
    named: "reads the rows of a failed read again"
  },
  {
    bug: "Retention removes the saves of a run that resumed from an older checkpoint",
    file: "src/Checkpoint/Lineage.ts",
    find: ".filter(belongs)",
    replace: ".filter((entry) => belongs(entry) || true)",
    test: forks
  },
  {
    bug: "The newest checkpoint is that of the run before the fork",
    file: "src/Checkpoint/Lineage.ts",
    find: "left.lineage.attempt === right.lineage.attempt ? left.step > right.step : left.lineage.attempt > right.lineage.attempt",
    replace: "left.step > right.step",
    test: forks
  },
  {
    bug: "An interrupted fork reports its state as safe although the newest checkpoint is another",
    file: "src/Driver/ResumeFrom.ts",
    find: "const durable = isOwn && Lineage.newest(all)?.step === state?.step ? state : undefined",
    replace: "const durable = state",
    test: forks
  },
  {
    bug: "A run that is interrupted between two evaluations of a step loses the first from its history",
    file: "src/Driver/RunLog.ts",
    find: "history.splice(state.historyLength - 1, Infinity, encoded(entry))",
    replace:
      "history.splice(history.findIndex((h) => h.entry.step === state.step && h.entry.kind === kind && h.entry.set === set) >>> 0, 1, encoded(entry))",
    test: "test/property/resume.test.ts",
    named: "evaluates a step twice"
  },
  {
    bug: "A resumed run adds to the history what the interrupted attempt has logged already",
    file: "src/Driver/RunLog.ts",
    find: "history.splice(state.historyLength - 1, Infinity, encoded(entry))",
    replace: "history.push(encoded(entry))",
    test: "test/unit/Driver/RunLog.test.ts",
    named: "replaces an entry of the interrupted attempt"
  },
  {
    bug: "The canonical log of a resumed run has a Config entry for each attempt",
    file: "src/Layer/Logger/CanonicalLog.ts",
    find: "      configs.delete(entry.run)\n",
    replace: "",
    test: "test/unit/Layer/Logger/CanonicalLog.test.ts"
  },
  {
    bug: "close() of a Trainer returns while it trains on",
    file: "src/HuggingFaceTrainer/Promise/Trainer.ts",
    find: "FiberSet.run(running, effect)",
    replace: "(void running, Effect.forkDetach(effect))",
    test: "test/unit/HuggingFaceTrainer/Promise/Trainer.test.ts",
    named: "close interrupts a running training"
  },
  {
    bug: "Flushing a logger after its scope has closed waits ten seconds",
    file: "src/Layer/Logger/BackgroundQueue.ts",
    find: "if (!open) return",
    replace: "if (open === undefined) return",
    test: "test/unit/Layer/Logger/BackgroundQueue.test.ts",
    named: "after the scope has closed"
  },
  {
    bug: "A logger that hangs is waited for again at each call",
    file: "src/Driver/IsolatedLogger.ts",
    find: "if (abandoned) return Effect.void",
    replace: "if (abandoned && !abandoned) return Effect.void",
    test: "test/unit/Driver/IsolatedLogger.test.ts"
  },
  {
    bug: "A logger that hangs keeps an interrupted run for longer than its grace period",
    file: "src/Driver/IsolatedLogger.ts",
    find: "        limit,\n        grace\n      )",
    replace: "        limit,\n        limit\n      )",
    test: "test/unit/Driver/IsolatedLogger.test.ts"
  },
  {
    bug: "A hook that hangs when a run is interrupted keeps the process for ever",
    file: "src/Driver/CloseRun.ts",
    find: "(called) => Timeouts.within(called, Math.max(left, least))",
    replace: "(called) => Effect.as(called, Math.max(left, least))",
    test: run,
    named: "loggers and hooks that hang or throw"
  },
  {
    bug: "A logger that hangs takes the whole grace period, and the state is not saved",
    file: "src/Driver/CheckpointWriter.ts",
    find: "write(checkpoint, Timeouts.within(logger.flush, Duration.toMillis(grace) * flushShare))",
    replace: "(void [Timeouts, Duration, grace, flushShare], write(checkpoint))",
    test: run,
    named: "loggers and hooks that hang or throw"
  },
  {
    bug: "A store that hangs keeps an interrupted run for ever",
    file: "src/Driver/CloseRun.ts",
    find: "Effect.timeout(grace),",
    replace: 'Effect.timeout("1 hour"),',
    test: "test/unit/Driver/HangingStore.test.ts"
  },
  {
    bug: "A metric that throws is a DeviceError without its name",
    file: "src/Metrics/MetricError.ts",
    find: "throw new MetricFailed({ metric, reason: messageOf(cause) })",
    replace: "throw metric === undefined ? new MetricFailed({ metric, reason: messageOf(cause) }) : cause",
    test: "test/unit/Evaluation/MetricError.test.ts"
  },
  {
    bug: "A ragged batch within a run is a DeviceError",
    file: "src/Data/BatchDifference.ts",
    find: "error.outOfMemory === true ? error :",
    replace: "error.outOfMemory !== false ? error :",
    test: "test/unit/Program/batchErrors.test.ts",
    named: "of another width"
  },
  {
    bug: "A batch without labels within a run is a DeviceError",
    file: "src/Data/Loader/Checked.ts",
    find: "return BatchDifference.missingLabel(first, batch, labels)",
    replace: "return void labels",
    test: "test/unit/Program/batchErrors.test.ts",
    named: "without the labels"
  },
  {
    bug: "A checkpoint after a failed background save lists a step that is not on disk",
    file: "src/Driver/CheckpointWriter.ts",
    find: "const checkpoints = state.checkpoints.filter((step) => step === state.step || onDisk.has(step))",
    replace: "const { checkpoints } = state",
    test: run,
    named: "after a failed background write"
  },
  {
    bug: "Generating states from TrainerState's schema dies",
    file: "src/EvaluationHistory.ts",
    find: "Schema.declare(isEvaluations, { toCodec })",
    replace: "Schema.declare(isEvaluations, toCodec === undefined ? { toCodec } : {})",
    test: "test/property/TrainerState.test.ts",
    check: "load"
  },
  {
    bug: "Host weights cannot be evaluated",
    file: "src/Evaluation/DeviceWeights.ts",
    find: "isHost(tensors) ?",
    replace: "isHost(tensors) && !isHost(tensors) ?",
    test: "test/unit/Evaluation/Evaluation.test.ts",
    named: "host weights are copied"
  },
  {
    bug: "The path of the log does not come from the configuration",
    file: "src/Layer/Logger/Jsonl.ts",
    find: "Layer.unwrap(Effect.map(path, layer))",
    replace: 'Layer.unwrap(Effect.as(path, layer("log.jsonl")))',
    test: "test/unit/Layer/Logger/layerConfig.test.ts"
  },
  {
    bug: "log.jsonl has the first of two evaluation sets twice when the second is interrupted",
    file: "src/Layer/Logger/Jsonl.ts",
    find: "if (batch.some(LogFile.isLaterAttempt) && (yield* rewrite(path, batch))) return",
    replace: "void [LogFile, rewrite]",
    test: "test/property/logFile.test.ts"
  },
  {
    bug: "The canonical log has the first of two evaluation sets twice when the second is interrupted",
    file: "src/Layer/Logger/CanonicalLog.ts",
    find: "entry.attempt === last.get(place(entry)) ? [normalized(entry)] : []",
    replace: "[normalized(entry)]",
    test: "test/unit/Layer/Logger/CanonicalLog.test.ts",
    named: "omits interruptions"
  }
]
