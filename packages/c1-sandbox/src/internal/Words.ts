/** What a person, or a program in another language, says to a running sandbox on its standard input: a line for each thing to do. */
import { TaskSchema } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { registry } from "@access-kit/baton-protocol/Registry"
import { fromJsonString } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { C1SandboxService } from "../C1Sandbox.ts"
import { Fault, type FaultName, names } from "../Fault.ts"
import type { TaskRecord } from "../TaskRecord.ts"
import type { Upload } from "../Upload.ts"

/** What was said can't be done. */
export class NotDone extends Schema.TaggedError<NotDone>()("NotDone", { message: Schema.String }) {}

/** What came of it: a sentence for people, facts for programs. */
export interface Done {
  readonly text: string
  readonly facts?: { readonly [name: string]: unknown }
}

interface Word {
  readonly usage: string
  readonly about: string
  readonly run: (c1: C1SandboxService, rest: string) => Effect.Effect<Done, NotDone>
}

const decodeFault = Schema.decodeUnknownResult(Schema.fromJsonString(Fault))

const twoOf = (rest: string): readonly [string, string] => {
  const [, first = "", second = ""] = /^(\S+)\s*(.*)$/.exec(rest) ?? []
  return [first, second.trim()]
}

const enqueued = (id: string): Done => ({ text: `Task ${id} is in the queue.`, facts: { task: id } })

const needed = (usage: string) => Effect.fail(new NotDone({ message: `That is not all. Say: ${usage}` }))

const account = (c1: C1SandboxService, key: string) =>
  Effect.flatMap(
    c1.known.resource("user", key),
    Option.match({
      onNone: () =>
        Effect.fail(
          new NotDone({
            message: `No account "${key}" is known. "sync" first, or give an id, login or e-mail address.`
          })
        ),
      onSome: Effect.succeed
    })
  )

const membership = (c1: C1SandboxService, key: string) =>
  Effect.flatMap(
    c1.known.entitlement("group", key),
    Option.match({
      onNone: () =>
        Effect.fail(new NotDone({ message: `No group "${key}" is known. "sync" first, or give an id or a name.` })),
      onSome: Effect.succeed
    })
  )

const aboutTask = (record: TaskRecord): string => {
  const { heartbeats, id, kind, offers, outcome, state } = record
  const end = outcome === undefined ? "" : outcome._tag === "Succeeded" ? ", well" : `, failed: ${outcome.message}`
  return `${id}  ${kind}  ${state}${end}  (handed out ${offers.length} times, ${heartbeats} heartbeats)`
}

const aboutUpload = ({ bytes, kind, path, snapshot, taskId }: Upload): string => {
  const counts = snapshot?.counts
  const holds = counts === undefined
    ? ""
    : `  ${counts.resources} resources, ${counts.entitlements} entitlements, ${counts.grants} grants`
  return `${taskId}  ${kind}  ${bytes} bytes${holds}  ${path}`
}

const list = <A>(rows: ReadonlyArray<A>, about: (row: A) => string, none: string): string =>
  rows.length === 0 ? none : rows.map(about).join("\n")

const isFaultName = (text: string): text is FaultName => names.some((name) => name === text)

const words: Readonly<Record<string, Word>> = {
  sync: {
    usage: "sync [debug]",
    about: "a full sync; with debug, its log is uploaded too",
    run: (c1, rest) => Effect.map(c1.enqueue({ case: "syncFull", value: {} }, { debug: rest === "debug" }), enqueued)
  },
  create: {
    usage: "create EMAIL NAME",
    about: "an account",
    run: (c1, rest) => {
      const [email, name] = twoOf(rest)
      if (name === "") return needed("create EMAIL NAME")
      return Effect.map(
        c1.enqueue({
          case: "createAccount",
          value: {
            accountInfo: {
              emails: [{ address: email, isPrimary: true }],
              login: email,
              profile: { display_name: name, email, login: email }
            },
            credentialOptions: { options: { case: "noPassword", value: {} } }
          }
        }),
        enqueued
      )
    }
  },
  grant: {
    usage: "grant ACCOUNT GROUP",
    about: "an account into a group",
    run: Effect.fnUntraced(function*(c1, rest) {
      const [who, group] = twoOf(rest)
      if (group === "") return yield* needed("grant ACCOUNT GROUP")
      const principal = yield* account(c1, who)
      const entitlement = yield* membership(c1, group)
      return enqueued(yield* c1.enqueue({ case: "grant", value: { entitlement, principal } }))
    })
  },
  revoke: {
    usage: "revoke ACCOUNT GROUP",
    about: "an account out of a group",
    run: Effect.fnUntraced(function*(c1, rest) {
      const [who, group] = twoOf(rest)
      if (group === "") return yield* needed("revoke ACCOUNT GROUP")
      const grant = yield* c1.known.grant(yield* membership(c1, group), yield* account(c1, who))
      return enqueued(yield* c1.enqueue({ case: "revoke", value: { grant } }))
    })
  },
  delete: {
    usage: "delete ACCOUNT",
    about: "an account",
    run: Effect.fnUntraced(function*(c1, rest) {
      const { id } = yield* account(c1, rest)
      return enqueued(
        yield* c1.enqueue({ case: "deleteResource", value: id === undefined ? {} : { resourceId: id } })
      )
    })
  },
  hello: {
    usage: "hello",
    about: "the connector is to say hello again",
    run: (c1) => Effect.map(c1.enqueue({ case: "hello", value: {} }), enqueued)
  },
  task: {
    usage: "task JSON",
    about: "any task of the protocol, such as {\"listTicketSchemas\":{}}",
    run: (c1, rest) =>
      Result.match(
        Result.try({
          try: () => fromJsonString(TaskSchema, rest, { registry }),
          catch: (cause) => new NotDone({ message: cause instanceof Error ? cause.message : "Not a task." })
        }),
        {
          onFailure: (error) => Effect.fail(error),
          onSuccess: ({ debug, taskType }) =>
            taskType.case === undefined
              ? needed("task {\"grant\":{…}}")
              : Effect.map(c1.enqueue(taskType, { debug }), enqueued)
        }
      )
  },
  cancel: {
    usage: "cancel TASK",
    about: "a task, by its id",
    run: (c1, rest) =>
      Effect.flatMap(c1.cancel(rest), (there) =>
        there
          ? Effect.succeed({ text: "It is cancelled, or will be with its next heartbeat." })
          : Effect.fail(new NotDone({ message: `There is no task "${rest}" that could be cancelled.` })))
  },
  tasks: {
    usage: "tasks",
    about: "what became of all tasks",
    run: (c1) =>
      Effect.map(c1.tasks, (records) => ({
        text: list(records, aboutTask, "There have been no tasks."),
        facts: { tasks: records.map(({ id, kind, outcome, state }) => ({ id, kind, state, outcome: outcome?._tag })) }
      }))
  },
  uploads: {
    usage: "uploads",
    about: "what was uploaded, and where it is kept",
    run: (c1) =>
      Effect.map(
        c1.uploads,
        (uploads) => ({ text: list(uploads, aboutUpload, "Nothing was uploaded."), facts: { uploads } })
      )
  },
  fault: {
    usage: "fault JSON",
    about: "something goes wrong from now on, such as {\"name\":\"dropReply\",\"method\":\"FinishTask\",\"times\":1}",
    run: (c1, rest) =>
      Result.match(decodeFault(rest), {
        onFailure: (error) =>
          Effect.fail(new NotDone({ message: `${Formatter.format(error)}\nThere are: ${names.join(", ")}` })),
        onSuccess: (fault) => Effect.as(c1.faults.set(fault), { text: `From now on: ${fault.name}.` })
      })
  },
  clear: {
    usage: "clear [FAULT]",
    about: "ends faults",
    run: (c1, rest) =>
      rest === ""
        ? Effect.as(c1.faults.clear(), { text: "Nothing goes wrong any more." })
        : isFaultName(rest)
        ? Effect.as(c1.faults.clear(rest), { text: `No ${rest} any more.` })
        : Effect.fail(new NotDone({ message: `There is no fault "${rest}"; there are: ${names.join(", ")}` }))
  },
  down: {
    usage: "down",
    about: "nobody listens, connections break",
    run: (c1) => Effect.as(c1.network.down, { text: "Gone. \"up\" brings it back." })
  },
  up: {
    usage: "up",
    about: "listens again",
    run: (c1) =>
      Effect.mapError(
        Effect.as(c1.network.up, { text: "Listening again." }),
        (error) => new NotDone({ message: error.message })
      )
  },
  goaway: {
    usage: "goaway",
    about: "closes connections as a server does that is restarted",
    run: (c1) => Effect.as(c1.network.goAway, { text: "Told every connection." })
  },
  "revoke-client": {
    usage: "revoke-client",
    about: "refuses the connector from now on",
    run: (c1) => Effect.as(c1.clients.revoke(), { text: "The client is revoked." })
  },
  "restore-client": {
    usage: "restore-client",
    about: "takes it back",
    run: (c1) => Effect.as(c1.clients.restore(), { text: "The client is good again." })
  },
  "expire-tokens": {
    usage: "expire-tokens",
    about: "refuses every access token that is out",
    run: (c1) => Effect.as(c1.clients.expireTokens, { text: "No access token is good any more." })
  }
}

/** All that can be said. */
export const help: string = [
  ...Object.values(words).map(({ about, usage }) => `  ${usage.padEnd(24)}${about}`),
  `  ${"quit".padEnd(24)}ends it, as Ctrl-C does`
].join("\n")

/** Does what a line says. */
export const say = (c1: C1SandboxService, line: string): Effect.Effect<Done, NotDone> => {
  const [word, rest] = twoOf(line.trim())
  if (word === "help") return Effect.succeed({ text: help })
  return Object.hasOwn(words, word) && words[word] !== undefined
    ? words[word].run(c1, rest)
    : Effect.fail(new NotDone({ message: `"${word}" means nothing here. "help" lists what does.` }))
}
