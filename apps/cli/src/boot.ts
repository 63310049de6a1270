#!/usr/bin/env node
/**
 * Where the bundle begins. Two questions are answered before the command itself is loaded: whether this Node.js can run it, since an old one
 * would fail somewhere inside, and `--version`, which scripts ask often and which needs nothing else.
 *
 * @since 0.1.0
 */
import { setFlagsFromString } from "node:v8"
import manifest from "../package.json" with { type: "json" }
import * as ExitCode from "./ExitCode.ts"
import * as NodeVersion from "./NodeVersion.ts"

const [word, ...rest] = process.argv.slice(2)

if (!NodeVersion.isSupported(process.versions.node)) {
  process.stderr.write(`${NodeVersion.explanation(process.versions.node)}\n`)
  process.exitCode = ExitCode.of("UnsupportedNode")
} else if ((word === "--version" || word === "-v") && rest.length === 0) {
  process.stdout.write(`${manifest.version}\n`)
} else {
  // V8 lets the old heap grow to several times what lives in it before it collects: with rows that live for one page, that is memory for
  // nothing. Half as much again is enough (docs/decisions/0006-cli-bundle.md).
  setFlagsFromString("--heap-growing-percent=50")
  // The young heap begins with 1 MB, grows to eight times that while the program is loaded, and is to stay so.
  setFlagsFromString("--semi-space-growth-factor=8")
  await import("./main.ts")
  setFlagsFromString("--semi-space-growth-factor=1")
}
