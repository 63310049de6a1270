/**
 * A whole `baton-…` command for a connector: its flags, variables and configuration file, sync, one-shot changes, `capabilities`, `config`,
 * `health-check`, `serve`, `completion`, and the child of the child-process protocol.
 *
 * @since 0.1.0
 */
import type { ConfigField } from "@access-kit/connector-model/ConfigField"
import type { Connector, ConnectorSpec } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as CommandError from "./CommandError.ts"
import * as CommandLine from "./CommandLine.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as DefaultFlags from "./DefaultFlags.ts"
import * as ExitCode from "./ExitCode.ts"
import { ofField } from "./FlagSpec.ts"
import * as Given from "./Given.ts"
import * as Logging from "./Logging.ts"
import * as Relations from "./Relations.ts"
import * as Subcommands from "./Subcommands.ts"
import * as Task from "./Task.ts"

/**
 * What makes a connector a command.
 *
 * @since 0.1.0
 */
export interface Definition {
  readonly spec: ConnectorSpec
  /**
   * Name of the program.
   *
   * @default `baton-` and the connector's name
   */
  readonly program?: string
  /**
   * What `--version` prints.
   *
   * @default the version of the connector
   */
  readonly version?: string
  /** Builds the connector. `given` answers what was written for a setting; `ConfigField.resolve` takes it. */
  readonly connector: (
    given: (field: ConfigField) => string | undefined
  ) => Layer.Layer<Connector, ConnectorError>
  /** The setting, a duration, that `--http-timeout-seconds` stands for where the setting itself is not given. */
  readonly httpTimeoutField?: string
  /** Where a bundle has `@access-kit/c1z/worker`. */
  readonly snapshotWorker?: URL
}

/**
 * Where the worker thread of the snapshot writer is when the program is bundled: beside the program, under this name. Run from source, its package
 * knows.
 *
 * @since 0.1.0
 */
export const bundledWorker = (program: string, name: string): Pick<Definition, "snapshotWorker"> =>
  program.endsWith(".ts") ? {} : { snapshotWorker: new URL(`./${name}`, program) }

/** Whoever reads may stop reading, as `head` does; that is no failure. */
const print = Effect.fnUntraced(function*(text: string) {
  const stdio = yield* Stdio.Stdio
  yield* Effect.ignore(Stream.run(Stream.succeed(text), stdio.stdout({ endOnDone: false })))
})

const programOf = (definition: Definition) => ({
  name: definition.program ?? `baton-${definition.spec.name}`,
  version: definition.version ?? definition.spec.version
})

const grammarOf = (definition: Definition): CommandLine.Grammar => ({
  program: programOf(definition).name,
  persistent: DefaultFlags.all,
  connector: definition.spec.config.map(ofField)
})

const namedFile = Effect.fnUntraced(
  function*(line: CommandLine.CommandLine, specs: ReturnType<typeof CommandLine.flagsOf>) {
    const only = specs.filter((spec) => spec.name === "config-path")
    const given = yield* Given.resolve(only, { flags: line.values, file: new Map(), flagsOnly: new Set() })
    return given.text("config-path")
  }
)

/** What is known to be wrong before anything is done: a directory that is not there, a choice of one. */
const checkPlaces = Effect.fnUntraced(function*(grammar: CommandLine.Grammar, given: Given.Given) {
  const directory = given.text("c1z-temp-dir")
  if (directory !== undefined) {
    const files = yield* FileSystem.FileSystem
    const info = yield* Effect.orElseSucceed(files.stat(directory), () => undefined)
    if (info?.type !== "Directory") {
      return yield* CommandError.make("InvalidValue", `--c1z-temp-dir: ${JSON.stringify(directory)} is no directory`)
    }
  }
  if (given.has("auth-method")) {
    return yield* CommandError.make(
      "InvalidValue",
      `--auth-method: ${grammar.program} has only one way to authenticate`
    )
  }
})

/** Everything that was given, checked. */
const resolve = Effect.fnUntraced(function*(grammar: CommandLine.Grammar, line: CommandLine.CommandLine) {
  const specs = CommandLine.flagsOf(grammar, line.subcommand)
  const path = yield* namedFile(line, specs)
  const file = yield* ConfigFile.read(path ?? ConfigFile.DEFAULT_PATH, path !== undefined)
  const given = yield* Given.resolve(specs, {
    flags: line.values,
    file,
    flagsOnly: new Set([...CommandLine.builtIn, ...(line.subcommand?.flags ?? [])].map((spec) => spec.name))
  })
  yield* Relations.check(given)
  yield* checkPlaces(grammar, given)
  const names = new Set([...grammar.connector, ...grammar.persistent].map((spec) => spec.name))
  const unknown = [...file.keys()].filter((name) => !names.has(name))
  return {
    given,
    warnings: [
      ...unknown.map((name) =>
        `The configuration file has ${JSON.stringify(name)}, which is no flag of ${grammar.program}.`
      ),
      ...Task.warnings(given)
    ]
  }
})

const writtenFor = (definition: Definition, given: Given.Given) => (field: ConfigField): string | undefined =>
  field.name === definition.httpTimeoutField && !given.has(field.name) && given.has("http-timeout-seconds")
    ? `${given.text("http-timeout-seconds")}s`
    : given.has(field.name)
    ? given.text(field.name)
    : undefined

const capabilities = Effect.fnUntraced(function*(definition: Definition, given: Given.Given) {
  const { print: asText } = yield* Effect.promise(() => import("./CapabilitiesOutput.ts"))
  const { of: standIn } = yield* Effect.promise(() => import("./StandIns.ts"))
  const written = writtenFor(definition, given)
  const connector = definition.connector((field) => written(field) ?? standIn(field))
  yield* print(yield* Effect.provide(asText, connector))
})

/** Loaded only where there is a file to read. */
const trustAuthorities = Effect.gen(function*() {
  const named = yield* Effect.orElseSucceed(Config.option(Config.String("SSL_CERT_FILE")), () => Option.none())
  if (Option.isNone(named)) return
  const { trust } = yield* Effect.promise(() => import("./TrustedAuthorities.ts"))
  yield* trust
})

const carryOut = Effect.fnUntraced(function*(
  definition: Definition,
  line: CommandLine.CommandLine,
  given: Given.Given,
  onEnd: (code: number) => void
) {
  yield* trustAuthorities
  const connector = definition.connector(writtenFor(definition, given))
  switch (line.subcommand?.name) {
    case undefined: {
      if (Task.isService(given)) {
        const { run } = yield* Effect.promise(() => import("./ServiceMode.ts"))
        const options = { program: programOf(definition), snapshotWorker: definition.snapshotWorker, onEnd }
        return yield* Effect.provide(run(given, options), connector)
      }
      return yield* Effect.provide(
        Task.run(given, { spec: definition.spec, snapshotWorker: definition.snapshotWorker }),
        connector
      )
    }
    case "capabilities":
      return yield* capabilities(definition, given)
    case "health-check":
      return yield* (yield* Effect.promise(() => import("./HealthCheck.ts"))).run(given)
    case "serve": {
      const { run } = yield* Effect.promise(() => import("./Serve.ts"))
      const stdio = yield* Stdio.Stdio
      const announce = (address: string) => Effect.provideService(print(`${address}\n`), Stdio.Stdio, stdio)
      return yield* Effect.provide(run(given, announce), connector)
    }
    default: {
      const { run } = yield* Effect.promise(() => import("../ConnectorChild.ts"))
      return yield* Effect.provide(
        run({
          provisioning: given.isOn("provisioning") || Task.isChange(given),
          ticketing: given.isOn("ticketing") || Task.isTicket(given)
        }),
        connector
      )
    }
  }
})

/** Commands that only say something about the command itself, and need no setting. */
const answer = Effect.fnUntraced(function*(
  definition: Definition,
  grammar: CommandLine.Grammar,
  line: CommandLine.CommandLine
): Effect.fn.Return<string | undefined, CommandError.CommandError> {
  const { argument, subcommand } = line
  const asksForHelp = line.help || subcommand?.name === "help"
  if (asksForHelp) {
    const about = subcommand?.name === "help" && argument !== undefined ? Subcommands.find(argument) : subcommand
    if (about === undefined && argument !== undefined) {
      return yield* CommandError.make("Usage", `unknown command ${JSON.stringify(argument)} for "${grammar.program}"`)
    }
    const { of } = yield* Effect.promise(() => import("./Help.ts"))
    return of(grammar, definition.spec, about?.name === "help" ? undefined : about)
  }
  if (line.version) return `${grammar.program} version ${programOf(definition).version}\n`
  if (subcommand?.name === "config") {
    const { print: asText } = yield* Effect.promise(() => import("./ConfigOutput.ts"))
    return asText(definition.spec)
  }
  if (subcommand?.name === "completion") {
    const shell = Subcommands.shells.find((name) => name === argument)
    if (shell === undefined) {
      return yield* CommandError.make("Usage", `completion needs a shell: ${Subcommands.shells.join(", ")}`)
    }
    const { script } = yield* Effect.promise(() => import("./Completion.ts"))
    return `${script(grammar, shell)}\n`
  }
  return undefined
})

const isCollected = (given: Given.Given): boolean =>
  (given.text("otel-collector-endpoint") ?? "") !== ""
  && !(given.isOn("otel-tracing-disabled") && given.isOn("otel-logging-disabled"))

/** Loggers, and a collector beside them where one is named; what that takes is loaded only then. */
const observed = (definition: Definition, given: Given.Given) => {
  const logging = Logging.layer(given)
  if (!isCollected(given)) return logging
  const collector = Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./Collector.ts")),
      ({ layer }) => layer(given, programOf(definition))
    )
  )
  return Layer.provideMerge(collector, logging)
}

/** Says what went wrong, once, and answers the number to end with. */
const report = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>) {
  const error = Cause.squash(cause)
  if (Cause.hasFails(cause)) {
    yield* Console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
    yield* Effect.logDebug("what lies below", cause)
  } else {
    yield* Console.error("error: something that should not happen did. Please report it with these lines:")
    yield* Console.error(Cause.pretty(cause))
  }
  return yield* ExitCode.of(error)
})

/**
 * Runs the command with the arguments of the process. Answers the number that the process should end with; every failure is told on standard
 * error by then.
 *
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function*(
  definition: Definition,
  options: {
    /** Is told the number to end the process with where service mode was interrupted and came to its end in good order. */
    readonly onEnd?: (code: number) => void
  } = {}
): Effect.fn.Return<number, never, Stdio.Stdio | FileSystem.FileSystem> {
  const stdio = yield* Stdio.Stdio
  const grammar = grammarOf(definition)
  return yield* Effect.gen(function*() {
    const line = yield* CommandLine.parse(grammar, yield* stdio.args)
    const text = yield* answer(definition, grammar, line)
    if (text !== undefined) {
      yield* print(text)
      return 0
    }
    const { given, warnings } = yield* resolve(grammar, line)
    return yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true }).pipe(
      Effect.andThen(carryOut(definition, line, given, options.onEnd ?? (() => {}))),
      Effect.as(0),
      Effect.catchCause(report),
      Effect.provide(observed(definition, given))
    )
  }).pipe(Effect.catchCause(report))
})

/**
 * Runs the command as the program of this process, and ends the process with the right number: 130 after Ctrl-C and 143 after SIGTERM, when what
 * a sync had read is kept. Service mode ends with 0 after either.
 *
 * @since 0.1.0
 */
export const main = (definition: Definition): void => {
  let terminated = false
  let ended: number | undefined
  process.once("SIGTERM", () => {
    terminated = true
  })
  const teardown: Runtime.Teardown = (exit, onExit) => {
    if (Exit.isSuccess(exit)) return onExit(typeof exit.value === "number" ? exit.value : 0)
    if (!Cause.hasInterruptsOnly(exit.cause)) return onExit(ExitCode.OTHER)
    return onExit(ended !== undefined ? ended : terminated ? ExitCode.TERMINATED : ExitCode.INTERRUPTED)
  }
  const onEnd = (code: number): void => {
    ended = code
  }
  NodeRuntime.runMain(Effect.provide(run(definition, { onEnd }), NodeServices.layer), {
    disableErrorReporting: true,
    teardown
  })
}
