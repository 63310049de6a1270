#!/usr/bin/env node
/**
 * Where the bundle begins: an old Node.js would fail somewhere inside the command, so it is told here, before the command is loaded.
 *
 * @since 0.1.0
 */

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error: baton-claude-enterprise needs Node.js 22.19 or newer, and this is ${process.versions.node}. Install a newer one.\n`
  )
  process.exitCode = 2
} else {
  await import("./main.ts")
}
