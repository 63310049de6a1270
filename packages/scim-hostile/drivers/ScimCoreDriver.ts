/** Drives `@access-kit/scim-core`, with Node's HTTP client. */
import { Auth, Dialect, Patch, RetryPolicy, ScimClient, type ScimError, type User } from "@access-kit/scim-core"
import type * as Group from "@access-kit/scim-core/Group"
import * as Membership from "@access-kit/scim-core/Membership"
import manifest from "@access-kit/scim-core/package.json" with { type: "json" }
import { NodeHttpClient } from "@effect/platform-node"
import {
  Cause,
  Effect,
  Exit,
  Formatter,
  Layer,
  Logger,
  ManagedRuntime,
  Option,
  Redacted,
  References,
  Result,
  Tracer
} from "effect"
import type {
  Answer,
  ClientOptions,
  Driver,
  FailureKind,
  NewUser,
  SeenGroup,
  SeenUser,
  Session
} from "../src/Driver.ts"

const kinds: Readonly<Record<ScimError.Reason["_tag"], FailureKind>> = {
  InvalidConfiguration: "configuration",
  Unauthorized: "unauthorized",
  Forbidden: "forbidden",
  TokenRequestFailed: "unauthorized",
  NotFound: "not-found",
  WrongUrl: "configuration",
  NotScim: "not-scim",
  RedirectRefused: "redirect-refused",
  Conflict: "conflict",
  PreconditionFailed: "precondition-failed",
  InvalidRequest: "invalid-request",
  RequestTooLarge: "invalid-request",
  FilterRequired: "filter-required",
  NotSupported: "unsupported",
  TooManyRequests: "rate-limited",
  RateLimitExhausted: "rate-limited",
  ServerFailure: "server-error",
  Timeout: "timeout",
  Network: "network",
  Tls: "network",
  Decode: "invalid-answer",
  TooLarge: "too-large",
  InvalidListResponse: "invalid-answer",
  PaginationStalled: "stalled",
  IncompleteList: "incomplete",
  DirectoryDrift: "incomplete",
  PageLimitExceeded: "page-limit",
  CursorExpired: "cursor-expired",
  OutcomeUnknown: "server-error"
}

const kindOf = (error: Membership.MembershipError): FailureKind => {
  switch (error._tag) {
    case "ScimError":
      return kinds[error.reason._tag]
    case "NotApplied":
      return "not-applied"
    case "MembersUnreadable":
      return "invalid-answer"
  }
}

const seenUser = (user: User.User): SeenUser => {
  const color = user.raw["urn:example:color"]
  return {
    id: user.id,
    userName: user.userName,
    displayName: user.displayName,
    externalId: user.externalId,
    active: user.active,
    emails: user.emails.flatMap((email) => email.value === undefined ? [] : [email.value]),
    color: typeof color === "string" ? color : undefined
  }
}

const seenGroup = (group: Group.Group): SeenGroup => ({
  id: group.id,
  displayName: group.displayName,
  members: group.members._tag === "Unknown"
    ? "unknown"
    : group.members.members.map((member) => ({
      id: member.value,
      ...(member.type === undefined ? {} : { type: member.type })
    }))
})

const newUser = (user: NewUser): User.NewUser => ({
  userName: user.userName,
  emails: [{ value: user.email, primary: true, type: "work" }],
  ...(user.externalId === undefined ? {} : { externalId: user.externalId }),
  name: {
    ...(user.givenName === undefined ? {} : { givenName: user.givenName }),
    ...(user.familyName === undefined ? {} : { familyName: user.familyName })
  }
})

const connect = async (options: ClientOptions): Promise<Session> => {
  const lines: Array<string> = []
  const limit = options.patchLimit === 0 ? undefined : options.patchLimit
  const runtime = ManagedRuntime.make(Layer.mergeAll(
    ScimClient.layer({
      baseUrl: options.baseUrl,
      auth: Auth.bearer(Redacted.make(options.token)),
      dialect: { ...Dialect.standard, maxPatchOperations: limit, maxPatchValues: limit },
      concurrency: options.concurrency,
      timeout: options.timeoutMillis,
      maxBodyBytes: options.maxBodyBytes,
      pageSize: options.pageSize,
      retry: RetryPolicy.make({
        initialDelay: 20,
        maxRetries: 4,
        maxRetryAfter: options.maxWaitMillis,
        budget: options.maxWaitMillis * 2
      })
    }).pipe(Layer.provide(NodeHttpClient.layerUndici)),
    // Everything that the client says about itself, for the search for the token.
    Logger.layer([Logger.make((entry) => lines.push(Formatter.format(entry.message)))]),
    Layer.succeed(References.MinimumLogLevel, "All"),
    Layer.succeed(
      Tracer.Tracer,
      Tracer.make({
        span: (given) => {
          const span = new Tracer.NativeSpan(given)
          const end = span.end.bind(span)
          return Object.assign(span, {
            end: (time: bigint, exit: Exit.Exit<unknown, unknown>) => {
              lines.push(span.name, Formatter.format([...span.attributes]), Formatter.format(exit))
              end(time, exit)
            }
          })
        }
      })
    )
  ))

  const answer = <A, B>(
    use: (client: ScimClient.ScimClient["Service"]) => Effect.Effect<A, Membership.MembershipError>,
    show: (value: A) => B
  ): Promise<Answer<B>> =>
    runtime.runPromiseExit(Effect.flatMap(ScimClient.ScimClient, use)).then((exit): Answer<B> => {
      if (Exit.isSuccess(exit)) return { ok: true, value: show(exit.value) }
      const error = Option.getOrUndefined(Exit.findErrorOption(exit))
      const text = `${error?.message ?? "no typed error"}\n${Cause.pretty(exit.cause)}\n${Formatter.format(error)}\n${
        JSON.stringify(error) ?? ""
      }`
      return {
        ok: false,
        failure: error === undefined ? { kind: "other", text } : {
          kind: kindOf(error),
          text,
          ...(error._tag === "ScimError" ? { status: error.status, detail: error.detail } : {})
        }
      }
    })

  // A wrong setting shows when the client is made, not when it is first used.
  await runtime.context()
  const justId = (id: string) => () => ({ id })
  return {
    listUsers: () =>
      answer((client) => client.users.list({ maxPages: options.maxPages }), (list) => list.resources.map(seenUser)),
    listGroups: () =>
      answer((client) => client.groups.list({ maxPages: options.maxPages }), (list) => list.resources.map(seenGroup)),
    getUser: (id) => answer((client) => client.users.get(id), seenUser),
    getGroup: (id) => answer((client) => client.groups.get(id), seenGroup),
    findUsers: (attribute, value) =>
      answer((client) => client.users.findBy(attribute, value), (rows) => rows.map(seenUser)),
    createUser: (user) =>
      answer((client) => client.users.createOrFind(newUser(user)), (creation) => seenUser(creation.resource)),
    replaceUser: (id, user) => answer((client) => client.users.replace(id, newUser(user)), justId(id)),
    replaceIfMatch: (id, user, version) =>
      answer((client) => client.users.replace(id, newUser(user), { ifMatch: version }), justId(id)),
    setActive: (id, active) =>
      answer(
        (client) => client.users.patch(id, Result.getOrThrow(Patch.make([Patch.setActive(active)]))),
        justId(id)
      ),
    deleteUser: (id) => answer((client) => client.users.delete(id), justId(id)),
    addMembers: (groupId, ids) =>
      answer(
        (client) => Membership.add(client, groupId, ids, { patience: "200 millis" }),
        (addition) => addition._tag === "Added" ? "added" : "already"
      ),
    removeMember: (groupId, id) =>
      answer(
        (client) => Membership.remove(client, groupId, [id], { patience: "200 millis" }),
        (removal) => removal._tag === "Removed" ? "removed" : "already"
      ),
    configuration: () =>
      answer((client) => client.serviceProviderConfig, (config) => ({
        patch: config.patch,
        bulk: config.bulk.support,
        filter: config.filter.support
      })),
    logged: () => Promise.resolve(lines.join("\n")),
    close: () => runtime.dispose()
  }
}

export const driver: Driver = { client: `scim-core ${manifest.version}`, connect }
