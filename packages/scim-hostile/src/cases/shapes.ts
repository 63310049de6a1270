/** Servers whose resources look otherwise than the RFC says. */
import type { SeenGroup, SeenMember, SeenUser } from "../Driver.ts"
import type { HostileCase, Stage, Verdict } from "../HostileCase.ts"
import * as HostileServer from "../HostileServer.ts"
import type { Reply } from "../HostileServer.ts"
import { all, ask, equal, fails, good, loud, one, right, when, wrong } from "../internal/judge.ts"
import * as Service from "../internal/service.ts"

/** One user in a list, in the shape given. */
const userShaped = (row: Service.Json, judge: (seen: SeenUser) => Verdict) => (): Stage => {
  const server = HostileServer.make((request) =>
    Service.list(Service.pageOf([row], request), 1, Service.window(request, 100).start)
  )
  return { server, play: (session) => ask(session.listUsers, good(one(judge))) }
}

/** One group in a list and by itself, in the shapes given. */
const groupShaped = (
  inList: Service.Json,
  byItself: Service.Json,
  judge: (seen: SeenGroup, server: HostileServer.HostileServer) => Verdict
) =>
(): Stage => {
  const server: HostileServer.HostileServer = HostileServer.make((request) =>
    request.path.endsWith("/Groups")
      ? Service.list(Service.pageOf([inList], request), 1, Service.window(request, 100).start)
      : { status: 200, body: byItself }
  )
  return {
    server,
    play: (session) =>
      ask(
        session.listGroups,
        good((rows) => {
          const [first] = rows
          return first === undefined || rows.length !== 1
            ? wrong(`${rows.length} groups instead of 1`)
            : judge(first, server)
        })
      )
  }
}

const memberShaped = (members: unknown, expected: ReadonlyArray<SeenMember>) =>
  groupShaped(
    Service.group("g1", [], { members }),
    Service.group("g1", [], { members }),
    (seen) => seen.members === "unknown" ? wrong("members unknown") : equal("members", seen.members, expected)
  )

const activeShaped = (active: unknown, expected: boolean) =>
  userShaped(Service.user("u1", { active }), (seen) => equal("active", seen.active, expected))

const got = (reply: () => Reply, judge: (seen: SeenUser) => Verdict) => (): Stage => {
  const server = HostileServer.make(() => reply())
  return {
    server,
    play: (session) => {
      const { getUser } = session
      return ask(getUser && (() => getUser("u1")), good(judge))
    }
  }
}

const idIs = (id: string) => (seen: SeenUser): Verdict => equal("id", seen.id, id)

const variants = (
  number: number,
  shared: Pick<HostileCase, "area" | "client">,
  list: ReadonlyArray<Pick<HostileCase, "name" | "server" | "start"> & { readonly client?: string }>
): ReadonlyArray<HostileCase> =>
  list.map((variant, index) => ({ ...shared, ...variant, id: `${number}${"abcdefghij"[index] ?? ""}` }))

export const cases: ReadonlyArray<HostileCase> = [
  {
    id: "23",
    name: "numeric-id",
    area: "shapes",
    server: "sends the id as the number 42",
    client: "reads it as the string \"42\"",
    start: userShaped(Service.user("u1", { id: 42 }), idIs("42"))
  },
  ...variants(24, { area: "shapes", client: "reads the boolean that is meant" }, [
    { name: "active-True", server: "sends active as \"True\"", start: activeShaped("True", true) },
    { name: "active-false-string", server: "sends active as \"false\"", start: activeShaped("false", false) },
    { name: "active-0", server: "sends active as 0", start: activeShaped(0, false) },
    { name: "active-1", server: "sends active as 1", start: activeShaped(1, true) },
    {
      name: "active-missing",
      server: "does not send active",
      client: "says that it is not known",
      start: () => {
        const { active: _, ...row } = Service.user("u1")
        return userShaped(row, (seen) => seen.active === undefined ? right : wrong(`active is ${seen.active}`))()
      }
    }
  ]),
  ...variants(25, { area: "shapes", client: "reads names without regard to case (RFC 7643 §2.1)" }, [
    {
      name: "pascal-case-names",
      server: "sends Id, UserName, Emails, Active",
      start: userShaped(
        {
          Schemas: [Service.userSchema],
          Id: "u1",
          UserName: "ada",
          Emails: [{ Value: "ada@example.com" }],
          Active: false
        },
        (seen) =>
          all(
            idIs("u1")(seen),
            equal("userName", seen.userName, "ada"),
            equal("emails", seen.emails, ["ada@example.com"]),
            equal("active", seen.active, false)
          )
      )
    },
    {
      name: "lower-case-names",
      server: "sends username, displayname, externalid",
      start: userShaped(
        { schemas: [Service.userSchema], id: "u1", username: "ada", displayname: "Ada", externalid: "x1" },
        (seen) =>
          all(
            equal("userName", seen.userName, "ada"),
            equal("displayName", seen.displayName, "Ada"),
            equal("externalId", seen.externalId, "x1")
          )
      )
    }
  ]),
  {
    id: "26",
    name: "two-keys-differ-in-case",
    area: "shapes",
    server: "sends both username and userName, with different values",
    client: "takes the one that is spelled exactly",
    start: userShaped(
      { ...Service.user("u1"), username: "wrong", userName: "ada", USERNAME: "wrong too" },
      (seen) => equal("userName", seen.userName, "ada")
    )
  },
  {
    id: "27",
    name: "nulls",
    area: "shapes",
    server: "sends null for attributes and inside arrays",
    client: "takes null for absent (RFC 7643 §2.5)",
    start: userShaped(
      Service.user("u1", {
        displayName: null,
        externalId: null,
        name: null,
        emails: [null, { value: "ada@example.com", type: null }]
      }),
      (seen) =>
        all(
          when(seen.displayName === undefined, "displayName is there"),
          equal("emails", seen.emails, ["ada@example.com"])
        )
    )
  },
  ...variants(28, { area: "shapes", client: "reads the addresses that are there" }, [
    {
      name: "emails-object",
      server: "sends emails as one object",
      start: userShaped(
        Service.user("u1", { emails: { value: "ada@example.com" } }),
        (seen) => equal("emails", seen.emails, ["ada@example.com"])
      )
    },
    {
      name: "emails-empty",
      server: "sends emails as []",
      start: userShaped(Service.user("u1", { emails: [] }), (seen) => equal("emails", seen.emails, []))
    },
    {
      name: "emails-string",
      server: "sends emails as one string",
      start: userShaped(
        Service.user("u1", { emails: "ada@example.com" }),
        (seen) => equal("emails", seen.emails, ["ada@example.com"])
      )
    }
  ]),
  ...variants(29, { area: "shapes", client: "tells unknown from empty" }, [
    {
      name: "members-null",
      server: "sends members null",
      start: groupShaped(
        Service.group("g1", undefined, { members: null }),
        Service.group("g1", undefined, { members: null }),
        (seen) => equal("members", seen.members, "unknown")
      )
    },
    {
      name: "members-absent",
      server: "does not send members",
      start: groupShaped(
        Service.group("g1", undefined),
        Service.group("g1", undefined),
        (seen) => equal("members", seen.members, "unknown")
      )
    },
    {
      name: "members-empty",
      server: "sends members []",
      start: groupShaped(Service.group("g1", []), Service.group("g1", []), (seen) => equal("members", seen.members, []))
    }
  ]),
  ...variants(30, { area: "shapes", client: "finds the member's id" }, [
    {
      name: "member-bare-string",
      server: "sends members as bare strings",
      start: memberShaped(["u1"], [{ id: "u1" }])
    },
    {
      name: "member-ref-only",
      server: "sends members with $ref and without value",
      start: memberShaped([{ $ref: "https://example.com/scim/v2/Users/u%2F1" }], [{ id: "u/1", type: "User" }])
    }
  ]),
  {
    id: "31",
    name: "nested-group-by-ref",
    area: "shapes",
    server: "sends a member without type whose $ref lies under /Groups",
    client: "takes it for a group, not for a person",
    start: memberShaped([{ value: "g2", $ref: "../Groups/g2" }], [{ id: "g2", type: "Group" }])
  },
  {
    id: "32",
    name: "members-repeat",
    area: "shapes",
    server: "sends the same member three times, with different other keys",
    client: "gives it once",
    start: groupShaped(
      Service.group("g1", ["u1", "u1"], {
        members: [{ value: "u1" }, { value: "u1", display: "Ada" }, { value: "u1" }]
      }),
      Service.group("g1", ["u1"]),
      (seen) =>
        seen.members === "unknown"
          ? wrong("members unknown")
          : equal("members", seen.members.map((member) => member.id), ["u1"])
    )
  },
  {
    id: "33",
    name: "members-only-by-itself",
    area: "shapes",
    server: "leaves members out of the list and sends them with GET of the group",
    client: "asks for the group, or says that it does not know",
    start: groupShaped(Service.group("g1", undefined), Service.group("g1", ["u1"]), (seen) =>
      seen.members === "unknown"
        ? right
        : equal("members", seen.members.map((member) => member.id), ["u1"]))
  },
  {
    id: "34",
    name: "schemas-missing",
    area: "shapes",
    server: "sends rows without schemas",
    client: "reads them",
    start: () => {
      const { schemas: _, ...row } = Service.user("u1")
      return userShaped(row, idIs("u1"))()
    }
  },
  {
    id: "35",
    name: "unknown-attributes",
    area: "shapes",
    server: "sends an unknown extension and extra fields",
    client: "reads the row, and keeps what it does not know",
    start: userShaped(
      Service.user("u1", {
        schemas: [Service.userSchema, "urn:example:paint"],
        "urn:example:paint": { color: "green" },
        "urn:example:color": "green",
        pattern: ["x"]
      }),
      (seen) => all(idIs("u1")(seen), seen.color === "green" ? right : loud("dropped the unknown attribute"))
    )
  },
  {
    id: "36",
    name: "location-on-another-host",
    area: "shapes",
    server: "sends meta.location on another host",
    client: "never follows it with the token",
    start: () => {
      const elsewhere: Array<string> = []
      const server = HostileServer.make((request) => {
        // The "other host" is this same server under another name, so that a visit shows.
        if (request.path.startsWith("/elsewhere")) {
          elsewhere.push(request.path)
          return { status: 200, body: Service.user("u1") }
        }
        const location = `http://localhost:${String(request.headers.host).split(":")[1] ?? ""}/elsewhere/Users/u1`
        const row = Service.user("u1", { meta: { resourceType: "User", location } })
        return request.method === "GET" && request.path.endsWith("/Users")
          ? Service.list(Service.pageOf([row], request), 1, Service.window(request, 100).start)
          : { status: request.method === "POST" ? 201 : 200, headers: { location }, body: row }
      })
      return {
        server,
        play: (session) =>
          ask(
            session.listUsers,
            good((rows) => all(one(idIs("u1"))(rows), when(elsewhere.length === 0, "followed the location")))
          )
      }
    }
  },
  ...variants(
    37,
    { area: "shapes", client: "asks for exactly this resource" },
    ["a/b", "a%2Fb", "a b", "a\"b", "a?b#c", "ü/ß"].map((id) => ({
      name: `id-${[...id].map((char) => /\w/u.test(char) ? char : (char.codePointAt(0) ?? 0).toString(16)).join("-")}`,
      server: `has the id ${JSON.stringify(id)}`,
      start: (): Stage => {
        const service = Service.make({ users: [Service.user("u1", { id }), Service.user("other")] })
        const server = HostileServer.make((request) => service.handle(request))
        return {
          server,
          play: (session) => {
            const { getUser } = session
            return ask(getUser && (() => getUser(id)), good(idIs(id)))
          }
        }
      }
    }))
  ),
  {
    id: "38",
    name: "odd-dates",
    area: "shapes",
    server: "sends dates that are none",
    client: "reads the row without them",
    start: userShaped(
      Service.user("u1", { meta: { resourceType: "User", created: "yesterday", lastModified: 17, location: 5 } }),
      idIs("u1")
    )
  },
  ...variants(39, { area: "shapes", client: "reads the body" }, [
    {
      name: "byte-order-mark",
      server: "begins the body with a byte order mark",
      start: got(
        () => ({
          status: 200,
          headers: { "content-type": "application/scim+json;charset=UTF-8" },
          body: `\uFEFF${JSON.stringify(Service.user("u1"))}`
        }),
        idIs("u1")
      )
    },
    {
      name: "application-json",
      server: "sends application/json; charset=utf-8",
      start: got(
        () => ({
          status: 200,
          headers: { "content-type": "application/json; charset=utf-8" },
          body: JSON.stringify(Service.user("u1"))
        }),
        idIs("u1")
      )
    },
    {
      name: "html-with-200",
      server: "sends an HTML page with status 200",
      client: "says that this is no SCIM server, without the token",
      start: () => ({
        server: HostileServer.make(() => ({
          status: 200,
          headers: { "content-type": "text/html" },
          body: "<!doctype html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"
        })),
        play: (session) => ask(session.listUsers, fails("not-scim"))
      })
    }
  ]),
  ...variants(
    40,
    { area: "shapes", client: "takes it for success" },
    [
      { status: 200, body: undefined, name: "patch-200-empty", server: "answers PATCH with 200 and an empty body" },
      { status: 204, body: undefined, name: "patch-204", server: "answers PATCH with 204" },
      { status: 200, body: {}, name: "patch-200-braces", server: "answers PATCH with 200 and {}" }
    ].map((variant) => ({
      name: variant.name,
      server: variant.server,
      start: (): Stage => {
        const service = Service.make({ users: [Service.user("u1")] })
        const server = HostileServer.make((request) => {
          const reply = service.handle(request)
          return request.method === "PATCH"
            ? { status: variant.status, ...(variant.body === undefined ? {} : { body: variant.body }) }
            : reply
        })
        return {
          server,
          play: (session) => {
            const { setActive } = session
            return ask(
              setActive && (() => setActive("u1", false)),
              good((seen) =>
                all(equal("id", seen.id, "u1"), equal("active on the server", service.users[0]?.["active"], false))
              )
            )
          }
        }
      }
    }))
  ),
  {
    id: "41a",
    name: "truncated-once",
    area: "shapes",
    server: "cuts the first answer to a GET short",
    client: "asks again",
    start: () => {
      const whole = JSON.stringify(Service.user("u1"))
      const server = HostileServer.make((request) =>
        request.index === 0
          ? {
            raw: (response) => {
              response.writeHead(200, {
                "content-type": "application/scim+json",
                "content-length": String(whole.length)
              })
              response.write(whole.slice(0, 40))
              setTimeout(() => response.destroy(), 20)
            }
          }
          : { status: 200, body: Service.user("u1") }
      )
      return {
        server,
        play: (session) => {
          const { getUser } = session
          return ask(getUser && (() => getUser("u1")), good(idIs("u1")))
        }
      }
    }
  },
  {
    id: "41b",
    name: "truncated-write",
    area: "shapes",
    server: "carries a POST out and cuts the answer short",
    client: "does not create a second user: looks, or says that it does not know",
    start: () => {
      const service = Service.make({})
      const server = HostileServer.make((request) => {
        const reply = service.handle(request)
        return request.method !== "POST" ? reply : {
          raw: (response) => {
            response.writeHead(201, { "content-type": "application/scim+json", "content-length": "500" })
            response.write("{\"id\":\"")
            setTimeout(() => response.destroy(), 20)
          }
        }
      })
      return {
        server,
        play: (session) => {
          const { createUser } = session
          return ask(
            createUser && (() => createUser({ userName: "ada@example.com", email: "ada@example.com" })),
            (answer) =>
              all(
                when(
                  service.users.length === 1 &&
                    server.received.filter((request) => request.method === "POST").length === 1,
                  "sent the POST again without looking"
                ),
                answer.ok
                  ? equal("userName", answer.value.userName, "ada@example.com")
                  : fails("network", "invalid-answer", "server-error")(answer)
              )
          )
        }
      }
    }
  },
  {
    id: "42",
    name: "body-too-large",
    area: "shapes",
    server: "sends a group of 30 MB",
    client: "stops at its limit and says so, before it has read everything",
    options: { maxBodyBytes: 4 * 1024 * 1024 },
    start: () => {
      const sent = { bytes: 0 }
      const chunk = `{"value":"${"x".repeat(1000)}"},`.repeat(64)
      const server = HostileServer.make(() => ({
        raw: (response) => {
          response.writeHead(200, { "content-type": "application/scim+json" })
          response.write(`{"schemas":["${Service.groupSchema}"],"id":"g1","displayName":"Huge","members":[`)
          const more = () => {
            while (sent.bytes < 30_000_000) {
              if (response.destroyed) return
              sent.bytes += chunk.length
              if (!response.write(chunk)) {
                response.once("drain", more)
                return
              }
            }
            response.end("{\"value\":\"last\"}]}")
          }
          more()
        }
      }))
      return {
        server,
        play: (session) => {
          const { getGroup } = session
          return ask(
            getGroup && (() => getGroup("g1")),
            (answer) => all(fails("too-large")(answer), sent.bytes < 25_000_000 ? right : loud("read all 30 MB first"))
          )
        }
      }
    }
  }
]
