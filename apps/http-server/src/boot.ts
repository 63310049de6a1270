#!/usr/bin/env node
/**
 * Where the bundle begins. Whether this Node.js can run the server, and `--version`, are answered before the rest is loaded.
 *
 * @since 0.1.0
 */
import manifest from "../package.json" with { type: "json" }
import * as ExitCode from "./ExitCode.ts"
import * as NodeVersion from "./NodeVersion.ts"

const words = process.argv.slice(2)
const complaint = NodeVersion.complaint(process.versions.node)

if (complaint !== undefined) {
  process.stderr.write(`${complaint}\n`)
  process.exitCode = ExitCode.of("UnsupportedNode")
} else if (words.length === 1 && (words[0] === "--version" || words[0] === "-v")) {
  process.stdout.write(`${manifest.version}\n`)
} else {
  await import("./main.ts")
}
