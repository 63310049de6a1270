/**
 * What the command needs of Node.js, and no more: whatever takes long to load and few commands use is loaded when it is used.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as CliConfig from "effect/cli/CliConfig"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { badArgument } from "effect/PlatformError"
import { ChildProcessSpawner, make as makeSpawner } from "effect/process/ChildProcessSpawner"
import * as Terminal from "effect/Terminal"

const loaded = Effect.flatMap(
  Effect.promise(() => import("@effect/platform-node/NodeTerminal")),
  (NodeTerminal) => NodeTerminal.make()
)

/** Asks on standard error, since standard output is for data. */
const terminal = Layer.succeed(
  Terminal.Terminal,
  Terminal.make({
    columns: Effect.sync(() => process.stderr.columns ?? 80),
    rows: Effect.sync(() => process.stderr.rows ?? 24),
    size: Effect.flatMap(loaded, (terminal) => terminal.size),
    readInput: Effect.flatMap(loaded, (terminal) => terminal.readInput),
    readLine: Effect.scoped(Effect.flatMap(loaded, (terminal) => terminal.readLine)),
    display: (text) =>
      Effect.callback((resume) => {
        process.stderr.write(text, (error) =>
          resume(
            error === null || error === undefined
              ? Effect.void
              : Effect.fail(badArgument({ module: "Terminal", method: "display", description: error.message }))
          ))
      })
  })
)

/** `effect/cli` asks for it; this command starts no processes. */
const noProcesses = Layer.succeed(
  ChildProcessSpawner,
  makeSpawner(() => Effect.die(new Error("claude-enterprise starts no processes")))
)

/** Without the wizard, which shows what was typed. */
const builtIns = CliConfig.layer({
  builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel]
})

/**
 * @since 0.1.0
 */
export const layer = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeStdio.layer,
  terminal,
  noProcesses,
  builtIns
)
