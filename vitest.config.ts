import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "examples/*.test.ts"],
    // TensorFlow.js keeps its engine and backend in the process: each file gets a process of its own.
    pool: "forks",
    // No test may lean on another: the seed of the order is printed, and `--sequence.seed` repeats it.
    sequence: { shuffle: true },
    testTimeout: 20_000
  }
})
