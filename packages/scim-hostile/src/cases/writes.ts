/** Servers that refuse, forget or half-do what they are asked to. */
import * as Effect from "effect/Effect"
import type { Answer, NewUser, Session } from "../Driver.ts"
import type { HostileCase, Stage, Verdict } from "../HostileCase.ts"
import * as HostileServer from "../HostileServer.ts"
import type { Received, Reply } from "../HostileServer.ts"
import { all, ask, equal, fails, good, loud, right, when, wrong } from "../internal/judge.ts"
import * as Service from "../internal/service.ts"

const ada: NewUser = { userName: "ada@example.com", email: "ada@example.com", givenName: "Ada", familyName: "Lovelace" }

const three = () =>
  Service.make({
    users: [Service.user("u1"), Service.user("u2"), Service.user("u3")],
    groups: [Service.group("g1", ["u1", "u2"])]
  })

/** A right service, bent by `bend`. */
const bent = (
  service: Service.Service,
  bend: (request: Received, answer: () => Reply) => Reply
): HostileServer.HostileServer => HostileServer.make((request) => bend(request, () => service.handle(request)))

type Bend = (service: Service.Service) => (request: Received, answer: () => Reply) => Reply

type Judge<A> = (answer: Answer<A>, service: Service.Service, server: HostileServer.HostileServer) => Verdict

/** One operation against a bent service. */
const played = <A>(
  operation: (session: Session) => (() => Promise<Answer<A>>) | undefined,
  make: () => Service.Service,
  bend: Bend,
  judge: Judge<A>
) =>
(): Stage => {
  const service = make()
  const server = bent(service, bend(service))
  return { server, play: (session) => ask(operation(session), (answer) => judge(answer, service, server)) }
}

const add = (make: () => Service.Service, ids: ReadonlyArray<string>, bend: Bend, judge: Judge<"added" | "already">) =>
  played(({ addMembers }) => addMembers && (() => addMembers("g1", ids)), make, bend, judge)

const remove = (make: () => Service.Service, id: string, bend: Bend, judge: Judge<"removed" | "already">) =>
  played(({ removeMember }) => removeMember && (() => removeMember("g1", id)), make, bend, judge)

const create = (
  user: NewUser,
  make: () => Service.Service,
  bend: Bend,
  judge: Judge<{ readonly id: string; readonly userName?: string | undefined }>
) => played(({ createUser }) => createUser && (() => createUser(user)), make, bend, judge)

const unbent = () => (_: Received, answer: () => Reply): Reply => answer()

const posts = (server: HostileServer.HostileServer): number =>
  server.received.filter((request) => request.method === "POST").length

const membersAre = (service: Service.Service, ids: ReadonlyArray<string>): Verdict =>
  equal("the group's members", [...service.members("g1")].toSorted(), [...ids].toSorted())

const monoValued = Service.failure(
  400,
  "Invalid SCIM Patch: Impossible to search on a mono valued attribute.",
  "invalidSyntax"
)

const noMembers = () =>
  Service.make({ users: [Service.user("u1"), Service.user("u2")], groups: [Service.group("g1", undefined)] })

interface Body {
  readonly [key: string]: unknown
}

const bodyOf = (request: Received): Body => {
  const parsed: unknown = request.body === "" ? {} : JSON.parse(request.body)
  return typeof parsed === "object" && parsed !== null ? parsed as Body : {}
}

const holds = (value: unknown, bad: (value: unknown) => boolean): boolean =>
  bad(value)
  || (Array.isArray(value) && value.some((item) => holds(item, bad)))
  || (typeof value === "object" && value !== null && Object.values(value).some((item) => holds(item, bad)))

/** 409 in one of its many forms, when the user is there already. */
const taken = (id: string, name: string, server: string, reply: Reply): HostileCase => ({
  id,
  name,
  area: "writes",
  server,
  client: "looks the user up by userName and takes it only if exactly one fits exactly, or says conflict",
  start: create(
    ada,
    () => Service.make({ users: [Service.user("there", { userName: "ADA@example.com" })] }),
    () => (request, answer) => request.method === "POST" ? reply : answer(),
    (answer, service) =>
      all(
        when(service.users.length === 1, "there are two users now"),
        answer.ok ? equal("id", answer.value.id, "there") : fails("conflict", "invalid-request")(answer)
      )
  )
})

export const cases: ReadonlyArray<HostileCase> = [
  {
    id: "43",
    name: "revoke-without-members",
    area: "writes",
    server: "answers 400 \"mono valued attribute\" to a removal from a group that has no members attribute",
    client: "reads the group, sees that the person is not in it, and says so",
    start: remove(
      noMembers,
      "u1",
      () => (request, answer) => request.method === "PATCH" ? monoValued : answer(),
      (answer) => good((value) => equal("outcome", value, "already"))(answer)
    )
  },
  {
    id: "44",
    name: "revoke-non-member",
    area: "writes",
    server: "accepts the removal of somebody who is not in the group",
    client: "says that there was nothing to remove, and leaves the others alone",
    start: remove(
      three,
      "u3",
      unbent,
      (answer, service) =>
        all(membersAre(service, ["u1", "u2"]), good((value) => equal("outcome", value, "already"))(answer))
    )
  },
  {
    id: "45",
    name: "grant-twice",
    area: "writes",
    server: "stores a member again when it is added again (as scim-patch does when other keys differ)",
    client: "does not add who is in the group, and says so",
    start: add(
      three,
      ["u1"],
      (service) => (request, answer) => {
        if (request.method !== "PATCH") return answer()
        const [target] = service.groups
        if (target !== undefined) target["members"] = [{ value: "u1", type: "User" }, { value: "u2" }, { value: "u1" }]
        return { status: 204 }
      },
      (answer, service) =>
        all(
          when(service.members("g1").length === 2, "the member is stored twice now"),
          good((value) => equal("outcome", value, "already"))(answer)
        )
    )
  },
  {
    id: "46",
    name: "grant-dropped",
    area: "writes",
    server: "answers 200 to an addition and drops it",
    client: "reads back, and says that it was not done",
    start: add(
      three,
      ["u3"],
      (service) => (request, answer) =>
        request.method === "PATCH" ? { status: 200, body: service.groups[0] } : answer(),
      (answer) => fails("not-applied")(answer)
    )
  },
  {
    id: "47",
    name: "revoke-dropped",
    area: "writes",
    server: "answers 200 to a removal and keeps the member",
    client: "reads back, and says that it was not done",
    start: remove(
      three,
      "u1",
      (service) => (request, answer) =>
        request.method === "PATCH" ? { status: 200, body: service.groups[0] } : answer(),
      (answer) => fails("not-applied")(answer)
    )
  },
  ...[405, 501].map((status, index): HostileCase => ({
    id: `48${"ab"[index] ?? ""}`,
    name: `patch-refused-${status}`,
    area: "writes",
    server: `answers ${status} to PATCH`,
    client: "says that the server can't, or replaces the group with everybody who was in it",
    start: add(
      three,
      ["u3"],
      () => (request, answer) =>
        request.method === "PATCH" ? Service.failure(status, "PATCH is not supported") : answer(),
      (answer, service) => answer.ok ? membersAre(service, ["u1", "u2", "u3"]) : fails("unsupported")(answer)
    )
  })),
  {
    id: "49",
    name: "patch-limit",
    area: "writes",
    server: "answers 413 to a PATCH with more than 100 values",
    client: "sends them in parts of at most 100",
    options: { patchLimit: 100 },
    start: add(
      () => Service.make({ users: Service.users(250), groups: [Service.group("g1", [])] }),
      Service.users(250).map((row) => String(row["id"])),
      () => (request, answer) => {
        if (request.method !== "PATCH") return answer()
        const operations = bodyOf(request)["Operations"]
        const values = Array.isArray(operations)
          ? operations.reduce(
            (sum: number, operation: Body) => sum + (Array.isArray(operation["value"]) ? operation["value"].length : 1),
            0
          )
          : 0
        return values > 100 ? Service.failure(413, "At most 100 changes in one request", "tooMany") : answer()
      },
      (answer, service) =>
        all(
          good((value) => equal("outcome", value, "added"))(answer),
          when(service.members("g1").length === 250, `${service.members("g1").length} of 250 members are in the group`)
        )
    )
  },
  taken("50a", "conflict-409", "answers 409 with scimType uniqueness", Service.failure(409, "Exists", "uniqueness")),
  taken("50b", "conflict-409-bare", "answers 409 with an empty body", { status: 409 }),
  taken(
    "50c",
    "conflict-400",
    "answers 400 \"already exists\"",
    Service.failure(400, "User already exists", "uniqueness")
  ),
  taken(
    "50d",
    "conflict-422",
    "answers 422 \"already exists\"",
    Service.failure(422, "User already exists", "uniqueness")
  ),
  {
    id: "50e",
    name: "conflict-and-filter-ignored",
    area: "writes",
    server: "answers 409, and every user to any filter",
    client: "takes none of the users that do not fit",
    start: create(
      ada,
      three,
      (service) => (request, answer) =>
        request.method === "POST"
          ? Service.failure(409, "Another user already exists with this email", "uniqueness")
          : request.query.has("filter")
          ? Service.list(
            Service.pageOf(service.users, request),
            service.users.length,
            Service.window(request, 100).start
          )
          : answer(),
      (answer) => fails("conflict")(answer)
    )
  },
  {
    id: "51a",
    name: "post-502-after-commit",
    area: "writes",
    server: "creates the user and answers 502",
    client: "looks before it tries again: one user in the end",
    start: create(
      ada,
      () => Service.make({}),
      (_service) => (request, answer) => {
        const reply = answer()
        return request.method === "POST" && request.index === 0 ? { status: 502, body: "Bad gateway" } : reply
      },
      (answer, service) =>
        all(
          when(service.users.length === 1, `there are ${service.users.length} users now`),
          answer.ok
            ? equal("userName", answer.value.userName, ada.userName)
            : loud("one user is there, but the client can't say so")
        )
    )
  },
  {
    id: "51b",
    name: "post-hangs-after-commit",
    area: "writes",
    server: "creates the user and never answers",
    client: "looks before it tries again: one user in the end",
    options: { timeoutMillis: 2_000 },
    start: () => {
      const service = Service.make({})
      let hung = false
      const server = HostileServer.make((request) => {
        const reply = service.handle(request)
        if (request.method !== "POST" || hung) return reply
        hung = true
        return { raw: () => {} }
      })
      return {
        server,
        play: (session) => {
          const { createUser } = session
          return ask(createUser && (() => createUser(ada)), (answer) =>
            all(
              when(service.users.length === 1 && posts(server) === 1, "sent the POST again without looking"),
              answer.ok ? equal("userName", answer.value.userName, ada.userName) : fails("timeout")(answer)
            ))
        }
      }
    }
  },
  {
    id: "52a",
    name: "post-without-id",
    area: "writes",
    server: "answers 201 with a Location and a body without an id",
    client: "takes the id from the Location, or looks the user up",
    start: create(
      ada,
      () => Service.make({}),
      () => (request, answer) => {
        const reply = answer()
        return request.method === "POST" && "status" in reply
          ? {
            status: 201,
            headers: reply.headers ?? {},
            body: { schemas: [Service.userSchema], userName: ada.userName }
          }
          : reply
      },
      good((value: { readonly id: string }) => equal("id", value.id, "new-1"))
    )
  },
  {
    id: "52b",
    name: "post-empty-201",
    area: "writes",
    server: "answers 201 with neither a body nor a Location",
    client: "looks the user up",
    start: create(
      ada,
      () => Service.make({}),
      () => (request, answer) => {
        const reply = answer()
        return request.method === "POST" ? { status: 201 } : reply
      },
      good((value: { readonly id: string }) => equal("id", value.id, "new-1"))
    )
  },
  ...[200, 202].map((status, index): HostileCase => ({
    id: `53${"ab"[index] ?? ""}`,
    name: `post-${status}`,
    area: "writes",
    server: `answers ${status} instead of 201`,
    client: "takes it for success",
    start: create(
      ada,
      () => Service.make({}),
      () => (request, answer) => {
        const reply = answer()
        return request.method === "POST" && "status" in reply ? { ...reply, status } : reply
      },
      good((value: { readonly id: string }) => equal("id", value.id, "new-1"))
    )
  })),
  ...[
    {
      name: "delete-404",
      server: "answers 404 to DELETE",
      reply: Service.failure(404, "Not found"),
      kinds: ["not-found"]
    },
    {
      name: "delete-405",
      server: "answers 405 to DELETE",
      reply: Service.failure(405, "Not allowed"),
      kinds: ["unsupported"]
    },
    {
      name: "delete-200-with-body",
      server: "answers 200 with a body to DELETE",
      reply: { status: 200, body: { schemas: [], detail: "gone" } },
      kinds: []
    }
  ].map((variant, index): HostileCase => ({
    id: `54${"abc"[index] ?? ""}`,
    name: variant.name,
    area: "writes",
    server: variant.server,
    client: variant.name === "delete-405"
      ? "says that the server can't"
      : "takes it for done, or says that it was not there",
    start: () => {
      const server = HostileServer.make((request) =>
        request.method === "DELETE" ? variant.reply : Service.failure(404, "Not found")
      )
      return {
        server,
        play: (session) => {
          const { deleteUser } = session
          return ask(deleteUser && (() => deleteUser("u1")), (answer) =>
            answer.ok
              ? when(variant.name !== "delete-405", "took a refusal for success")
              : variant.name === "delete-200-with-body"
              ? loud("took success for a failure")
              : fails(variant.name === "delete-405" ? "unsupported" : "not-found")(answer))
        }
      }
    }
  })),
  {
    id: "55",
    name: "deleted-stays-inactive",
    area: "writes",
    server: "keeps a deleted user as active: false",
    client: "takes the deletion for done",
    start: () => {
      const service = three()
      const server = bent(service, (request, answer) => {
        if (request.method !== "DELETE") return answer()
        const [first] = service.users
        if (first !== undefined) first["active"] = false
        return { status: 204 }
      })
      return {
        server,
        play: (session) => {
          const { deleteUser, getUser } = session
          return Effect.gen(function*() {
            const verdict = yield* ask(deleteUser && (() => deleteUser("u1")), good(() => right))
            if (verdict._tag !== "right") return verdict
            return yield* ask(getUser && (() => getUser("u1")), good((seen) => equal("active", seen.active, false)))
          })
        }
      }
    }
  },
  {
    id: "56",
    name: "stale-version",
    area: "writes",
    server: "answers 412 to If-Match",
    client: "says that the resource changed, and does not overwrite it",
    start: () => {
      const service = three()
      const server = bent(
        service,
        (request, answer) =>
          request.method === "PUT" && request.headers["if-match"] !== undefined
            ? Service.failure(412, "The version is stale", "invalidVers")
            : answer()
      )
      return {
        server,
        play: (session) => {
          const { replaceIfMatch } = session
          return ask(
            replaceIfMatch && (() => replaceIfMatch("u1", ada, "W/\"old\"")),
            (answer) =>
              all(
                equal("userName on the server", service.users[0]?.["userName"], "u1@example.com"),
                fails("precondition-failed")(answer)
              )
          )
        }
      }
    }
  },
  {
    id: "57",
    name: "strict-bodies",
    area: "writes",
    server: "answers 400 to null, to booleans as strings and to read-only attributes in a body",
    client: "sends none of them",
    start: () => {
      const service = three()
      const bad: Array<string> = []
      const server = bent(service, (request, answer) => {
        if (request.method === "POST" || request.method === "PUT" || request.method === "PATCH") {
          const body = bodyOf(request)
          if (holds(body, (value) => value === null)) bad.push(`${request.method} with null`)
          if (holds(body, (value) => typeof value === "string" && /^(?:true|false)$/iu.test(value))) {
            bad.push(`${request.method} with a boolean as a string`)
          }
          if (request.method === "POST" && ("id" in body || "meta" in body)) bad.push("POST with id or meta")
          if (request.method === "PUT" && "meta" in body) bad.push("PUT with meta")
          if (bad.length > 0) {
            return Service.failure(400, "'externalId' is expected string, received null", "invalidSyntax")
          }
        }
        return answer()
      })
      return {
        server,
        play: (session) => {
          const { addMembers, createUser, replaceUser, setActive } = session
          return Effect.gen(function*() {
            const verdicts = [
              yield* ask(
                createUser && (() => createUser({ userName: "new@example.com", email: "new@example.com" })),
                good(() => right)
              ),
              yield* ask(replaceUser && (() => replaceUser("u1", ada)), good(() => right)),
              yield* ask(setActive && (() => setActive("u2", false)), good(() => right)),
              yield* ask(addMembers && (() => addMembers("g1", ["u3"])), good(() => right))
            ]
            return bad.length > 0 ? wrong(bad.join(", ")) : all(...verdicts)
          })
        }
      }
    }
  },
  ...["o\"neill\\x@example.com", "ada 🚀@example.com", "a) or (b@example.com", "x\" or userName pr or \"x"].map((
    value,
    index
  ): HostileCase => ({
    id: `58${"abcd"[index] ?? ""}`,
    name: ["filter-quote-and-backslash", "filter-emoji", "filter-parentheses", "filter-injection"][index] ?? "",
    area: "writes",
    server: `has a user called ${value}`,
    client: "finds this user and no other: the value is escaped in the filter",
    start: () => {
      const service = Service.make({ users: [Service.user("other"), Service.user("it", { userName: value })] })
      const server = HostileServer.make((request) => service.handle(request))
      return {
        server,
        play: (session) => {
          const { findUsers } = session
          return ask(
            findUsers && (() => findUsers("userName", value)),
            good((rows) => equal("ids", rows.map((row) => row.id), ["it"]))
          )
        }
      }
    }
  })),
  {
    id: "59",
    name: "filter-ignored",
    area: "writes",
    server: "ignores filters and answers every user",
    client: "looks at each row itself, and gives only what fits",
    start: () => {
      const service = three()
      const server = bent(service, (request, answer) =>
        request.query.has("filter")
          ? Service.list(
            Service.pageOf(service.users, request),
            service.users.length,
            Service.window(request, 100).start
          )
          : answer())
      return {
        server,
        play: (session) => {
          const { findUsers } = session
          return ask(findUsers && (() => findUsers("userName", "u2@example.com")), (answer) =>
            answer.ok
              ? equal("ids", answer.value.map((row) => row.id), ["u2"])
              : fails("invalid-answer", "unsupported")(answer))
        }
      }
    }
  }
]
