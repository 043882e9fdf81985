#!/usr/bin/env node
/** The `regimen` command. The Node is looked at before anything is loaded that an older one could not read. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `regimen needs Node 22.19 or newer, and this is ${process.versions.node}. Install a newer one (https://nodejs.org), or use bin/regimen in a checkout.\n`
  )
  process.exit(1)
}
const { main } = await import("./Regimen.ts")
const { run } = await import("./Process.ts")
run(main)
