#!/usr/bin/env node
/**
 * Where the bundle begins. Two questions are answered before the command itself is loaded: whether this Node.js can run it, since an old one
 * would fail somewhere inside, and `--version`, which scripts ask often and which needs nothing else.
 *
 * @since 0.1.0
 */
import manifest from "../package.json" with { type: "json" }

const [word, ...rest] = process.argv.slice(2)
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error: baton-claude-enterprise needs Node.js 22.19 or newer, and this is ${process.versions.node}. Install a newer one.\n`
  )
  process.exitCode = 2
} else if ((word === "--version" || word === "-v") && rest.length === 0) {
  process.stdout.write(`baton-claude-enterprise version ${manifest.version}\n`)
} else {
  await import("./main.ts")
}
