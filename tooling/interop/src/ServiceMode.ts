/**
 * One play in service mode: a connector as a process, a C1 and a SCIM directory beside it, and the same tasks one after the other. What the connector sends
 * is written down, so that two connectors can be compared request by request.
 */
import * as C1Sandbox from "@access-kit/c1-sandbox/C1Sandbox"
import type * as Fault from "@access-kit/c1-sandbox/Fault"
import type * as RequestLog from "@access-kit/c1-sandbox/RequestLog"
import type * as TaskRecord from "@access-kit/c1-sandbox/TaskRecord"
import type * as Upload from "@access-kit/c1-sandbox/Upload"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** The connector ended before its play did. */
export class ConnectorEnded extends Schema.TaggedError<ConnectorEnded>()("ConnectorEnded", {
  step: Schema.String,
  exitCode: Schema.Int,
  output: Schema.String
}) {
  override get message(): string {
    return `The connector ended with exit code ${this.exitCode} at "${this.step}".\n${this.output}`
  }
}

/** A program in service mode. */
export interface Player {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

/** People and groups that the tasks are about, by what C1 can know of them after a sync. */
export interface Cast {
  /** Is to be created. */
  readonly email: string
  readonly name: string
  /** Name of the group to join. */
  readonly group: string
}

/** What was sent in one step. */
export interface Step {
  readonly name: string
  /** Without polls. */
  readonly requests: ReadonlyArray<RequestLog.RequestLogEntry>
  readonly record: TaskRecord.TaskRecord | undefined
  readonly uploads: ReadonlyArray<Upload.Upload>
}

export interface Play {
  readonly steps: ReadonlyArray<Step>
  readonly entries: ReadonlyArray<RequestLog.RequestLogEntry>
  readonly connections: number
  readonly exitCode: number
  readonly output: string
}

const isPoll = (entry: RequestLog.RequestLogEntry): boolean =>
  entry.method === "GetTask" || entry.method === "GetTasks" || entry.method === "token"

/** Whether a request only says again what the one before said. */
const isRepetition = (entry: RequestLog.RequestLogEntry, before: RequestLog.RequestLogEntry | undefined): boolean =>
  entry.method === "FinishTask" && before?.method === "FinishTask" && entry.status === before.status
  && JSON.stringify(entry.request) === JSON.stringify(before.request)

/** The requests of a step. How often a result is told again is a matter of time. */
const tellingOf = (
  entries: ReadonlyArray<RequestLog.RequestLogEntry>
): ReadonlyArray<RequestLog.RequestLogEntry> =>
  entries.filter((entry) => !isPoll(entry)).filter((entry, at, all) => !isRepetition(entry, all[at - 1]))

type TaskType = Parameters<C1Sandbox.C1SandboxService["enqueue"]>[0]

/** What is done in a step. */
interface Direction {
  readonly name: string
  readonly task: (c1: C1Sandbox.C1SandboxService) => Effect.Effect<TaskType>
  readonly debug?: boolean
  /** In force during the step. */
  readonly faults?: ReadonlyArray<Fault.Fault>
  /** Given again, if its end is not heard of. */
  readonly again?: boolean
}

const always = (task: TaskType) => () => Effect.succeed(task)

const creation = ({ email, name }: Cast): TaskType => ({
  case: "createAccount",
  value: {
    accountInfo: {
      emails: [{ address: email, isPrimary: true }],
      login: email,
      profile: { display_name: name, email, login: email }
    },
    credentialOptions: { options: { case: "noPassword", value: {} } }
  }
})

const joining = (cast: Cast) =>
  Effect.fnUntraced(function*(c1: C1Sandbox.C1SandboxService) {
    const principal = yield* Effect.fromOption(yield* c1.known.resource("user", cast.email))
    const entitlement = yield* Effect.fromOption(yield* c1.known.entitlement("group", cast.group))
    return { entitlement, principal }
  }, Effect.orDie)

const grant = (cast: Cast) => (c1: C1Sandbox.C1SandboxService): Effect.Effect<TaskType> =>
  Effect.map(joining(cast)(c1), (value) => ({ case: "grant", value }))

const revoke = (cast: Cast) =>
  Effect.fnUntraced(function*(c1: C1Sandbox.C1SandboxService): Effect.fn.Return<TaskType> {
    const { entitlement, principal } = yield* joining(cast)(c1)
    return { case: "revoke", value: { grant: yield* c1.known.grant(entitlement, principal) } }
  })

const deletion = (cast: Cast) => (c1: C1Sandbox.C1SandboxService): Effect.Effect<TaskType> =>
  Effect.map(joining(cast)(c1), ({ principal }) => ({
    case: "deleteResource",
    value: principal.id === undefined ? {} : { resourceId: principal.id }
  }))

/** A grant of an entitlement on a group that there isn't. */
const stray = (cast: Cast) => (c1: C1Sandbox.C1SandboxService): Effect.Effect<TaskType> =>
  Effect.map(joining(cast)(c1), ({ principal }) => ({
    case: "grant",
    value: {
      principal,
      entitlement: {
        id: "group:nowhere:member",
        slug: "member",
        displayName: "Nowhere",
        resource: { id: { resourceType: "group", resource: "nowhere" }, displayName: "Nowhere" }
      }
    }
  }))

/** The main job. */
export const mainJob = (cast: Cast): ReadonlyArray<Direction> => [
  { name: "hello", task: always({ case: "hello", value: {} }) },
  { name: "full sync", task: always({ case: "syncFull", value: { storageEngine: "sqlite" } }) },
  { name: "create an account", task: always(creation(cast)) },
  { name: "create it again", task: always(creation(cast)) },
  { name: "grant", task: grant(cast) },
  { name: "grant it again", task: grant(cast) },
  { name: "revoke", task: revoke(cast) },
  { name: "revoke it again", task: revoke(cast) },
  { name: "delete the account", task: deletion(cast) },
  { name: "delete it again", task: deletion(cast) }
]

/** What goes wrong, and what a connector of this kind can't do. */
export const sideJobs = (cast: Cast): ReadonlyArray<Direction> => [
  {
    name: "full sync with its log",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite" } }),
    debug: true
  },
  { name: "full sync of the default engine", task: always({ case: "syncFull", value: {} }) },
  {
    name: "full sync of Pebble",
    task: always({ case: "syncFull", value: { storageEngine: "pebble" } })
  },
  {
    name: "sync without grants",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite", skipGrants: true } })
  },
  {
    name: "sync of resources only",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite", skipEntitlementsAndGrants: true } })
  },
  {
    name: "sync of one type",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite", syncResourceTypeIds: ["user"] } })
  },
  {
    name: "sync of a type that isn't there",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite", syncResourceTypeIds: ["robot"] } })
  },
  {
    name: "sync whose upload breaks once",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite" } }),
    faults: [{ name: "rpcError", method: "UploadAsset", times: 1 }]
  },
  {
    name: "sync that is cancelled with the first heartbeat",
    task: always({ case: "syncFull", value: { storageEngine: "sqlite" } }),
    faults: [{ name: "cancel", method: "Heartbeat" }]
  },
  { name: "grant on a group that isn't there", task: stray(cast) },
  { name: "grant without an entitlement", task: always({ case: "grant", value: {} }) },
  { name: "create an account of nobody", task: always({ case: "createAccount", value: {} }) },
  {
    name: "delete a group",
    task: always({ case: "deleteResource", value: { resourceId: { resourceType: "group", resource: "x" } } })
  },
  { name: "delete nothing", task: always({ case: "deleteResource", value: {} }) },
  {
    name: "create a resource",
    task: always({
      case: "createResource",
      value: { resource: { id: { resourceType: "group", resource: "new" }, displayName: "New" } }
    })
  },
  {
    name: "rotate credentials",
    task: always({
      case: "rotateCredentials",
      value: {
        resourceId: { resourceType: "user", resource: "x" },
        credentialOptions: { options: { case: "randomPassword", value: { length: BigInt(20) } } }
      }
    })
  },
  { name: "event feed", task: always({ case: "eventFeed", value: {} }) },
  { name: "list event feeds", task: always({ case: "listEventFeeds", value: {} }) },
  { name: "list events", task: always({ case: "listEvents", value: {} }) },
  { name: "list ticket schemas", task: always({ case: "listTicketSchemas", value: {} }) },
  { name: "get a ticket", task: always({ case: "getTicket", value: { ticketId: "1" } }) },
  { name: "list action schemas", task: always({ case: "actionListSchemas", value: {} }) },
  { name: "invoke an action", task: always({ case: "actionInvoke", value: { name: "x" } }) },
  { name: "compare syncs", task: always({ case: "createSyncDiff", value: { baseSyncId: "a", newSyncId: "b" } }) },
  { name: "compact syncs", task: always({ case: "compactSyncs", value: {} }) },
  {
    name: "deletion whose FinishTask is refused once",
    task: always({ case: "deleteResource", value: { resourceId: { resourceType: "user", resource: "x" } } }),
    faults: [{ name: "rpcError", method: "FinishTask", times: 1 }],
    again: true
  }
]

const HOST = "the-host"

/**
 * Plays. Tasks are given one at a time; a task that the connector ends without a word is over when it takes the next one, since it is told to do one thing at
 * a time.
 */
export const play = Effect.fn("ServiceMode.play")(
  function*(
    player: Player,
    directions: ReadonlyArray<Direction>
  ): Effect.fn.Return<
    Play,
    ConnectorEnded | C1Sandbox.C1SandboxError | PlatformError.PlatformError,
    ChildProcessSpawner.ChildProcessSpawner | Scope.Scope
  > {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const c1 = yield* C1Sandbox.make({
      nextPoll: "25 millis",
      // The first says that heartbeats come; more would come or not by how long a sync takes.
      nextHeartbeat: "5 minutes",
      heartbeatWithin: "10 minutes",
      clientName: "connector"
    })
    const child = yield* spawner.spawn(ChildProcess.make(player.command, player.args, {
      stdin: "ignore",
      extendEnv: false,
      env: {
        ...(process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] }),
        ...(process.env["HOME"] === undefined ? {} : { HOME: process.env["HOME"] }),
        BATON_CLIENT_ID: c1.clientId,
        BATON_CLIENT_SECRET: Redacted.value(c1.clientSecret),
        BATON_HOST_ID: HOST,
        BATON_TASK_CONCURRENCY: "1",
        BATON_PROVISIONING: "true",
        SSL_CERT_FILE: c1.caPath,
        ...player.env
      },
      forceKillAfter: "10 seconds"
    }))
    let output = ""
    const listening = yield* Effect.forkScoped(
      Stream.runForEach(Stream.decodeText(child.all), (text) =>
        Effect.sync(() => {
          output += text
        }))
    )
    let step = "start"
    const ended = Effect.flatMap(
      child.exitCode,
      (exitCode) => Effect.suspend(() => Effect.fail(new ConnectorEnded({ step, exitCode, output })))
    )
    const steps: Array<Step> = []

    const written = Effect.fnUntraced(function*(name: string, from: number, taskId: string | undefined) {
      const requests = tellingOf((yield* c1.log.entries).slice(from))
      const record = taskId === undefined ? undefined : Option.getOrUndefined(yield* c1.task(taskId))
      const uploads = (yield* c1.uploads).filter((upload) => upload.taskId === taskId)
      steps.push({ name, requests, record, uploads })
    })

    const act = Effect.fnUntraced(function*(direction: Direction) {
      step = direction.name
      const task = yield* direction.task(c1)
      const from = (yield* c1.log.entries).length
      yield* c1.faults.set(...direction.faults ?? [])
      const id = yield* c1.enqueue(task, { debug: direction.debug === true })
      const given = yield* c1.log.awaitEntry((entry) => isPoll(entry) && entry.taskId === id)
      // It does one thing at a time, so when it asks again it has said all that it has to say.
      yield* c1.log.awaitEntry((entry) => entry.number > given.number && entry.method === "GetTask")
      yield* c1.faults.clear()
      yield* c1.expire(id)
      if (direction.again === true) {
        yield* c1.awaitFinished(id)
        const last = (yield* c1.log.stats).total
        yield* c1.log.awaitEntry((entry) => entry.number > last && entry.method === "GetTask")
      } else {
        yield* c1.cancel(id)
      }
      yield* written(direction.name, from, id)
    })

    const whole = Effect.gen(function*() {
      yield* c1.awaitHello()
      yield* c1.log.awaitEntry((entry) => entry.method === "GetTask")
      yield* written("start", 0, undefined)
      for (const direction of directions) yield* act(direction)
    })
    yield* Effect.raceFirst(whole, ended)
    const entries = yield* c1.log.entries
    const { connections } = yield* c1.log.stats
    // The first signal of either kind; what a connector of the Go SDK does with SIGTERM is to die of it.
    yield* child.kill({ killSignal: "SIGINT" })
    const exitCode = yield* Effect.orElseSucceed(child.exitCode, () => -1)
    yield* Fiber.await(listening)
    return { steps, entries, connections, exitCode, output }
  }
)
