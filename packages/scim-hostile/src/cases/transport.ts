/** Servers that fail, throttle, hang, redirect, or are no SCIM servers at all. */
import * as Effect from "effect/Effect"
import type { Answer, FailureKind, SeenUser, Session } from "../Driver.ts"
import type { HostileCase, Stage, Verdict } from "../HostileCase.ts"
import * as HostileServer from "../HostileServer.ts"
import type { Received, Reply } from "../HostileServer.ts"
import { all, ask, equal, fails, good, loud, right, when, wrong } from "../internal/judge.ts"
import * as Service from "../internal/service.ts"

const u1 = (): Reply => ({ status: 200, body: Service.user("u1") })

const getU1 = (session: Session) => {
  const { getUser } = session
  return getUser && (() => getUser("u1"))
}

/** The user that was asked for, after a while. */
const slowly = (request: Received): Promise<Reply> =>
  Effect.runPromise(Effect.delay(
    Effect.succeed({ status: 200, body: Service.user(decodeURIComponent(request.path.split("/").at(-1) ?? "")) }),
    20
  ))

/** So many requests at once. */
const crowd = (
  { getUser }: Session,
  size: number,
  judge: (answers: ReadonlyArray<Answer<SeenUser>>) => Verdict
): Effect.Effect<Verdict> =>
  getUser === undefined
    ? Effect.succeed<Verdict>({ _tag: "unsupported" })
    : Effect.map(
      Effect.promise(() => Promise.all(Array.from({ length: size }, (_, index) => getUser(`u${index}`)))),
      judge
    )

const isU1 = good((seen: SeenUser) => equal("id", seen.id, "u1"))

const gap = (server: HostileServer.HostileServer): number => {
  const [first, second] = server.received
  return first === undefined || second === undefined ? Number.POSITIVE_INFINITY : second.at - first.at
}

// Timers may fire a little early by the server's clock, and a date has whole seconds.
const slack = 50

/** The first answer asks for patience; the client must wait at least so long, then succeed. */
const throttled =
  (status: number, headers: () => Readonly<Record<string, string>>, atLeast: () => number) => (): Stage => {
    let due = 0
    const server = HostileServer.make((request) => {
      if (request.index > 0) return u1()
      due = atLeast()
      return { ...Service.failure(status, "Slow down") as Extract<Reply, { status: number }>, headers: headers() }
    })
    return {
      server,
      play: (session) =>
        ask(
          getU1(session),
          (answer) =>
            all(
              isU1(answer),
              gap(server) + slack >= due
                ? right
                : wrong(`came back after ${Math.round(gap(server))} ms instead of ${Math.round(due)}`)
            )
        )
    }
  }

const failing = (
  kinds: ReadonlyArray<FailureKind>,
  reply: (request: Received) => Reply,
  more: (answer: Answer<SeenUser>, server: HostileServer.HostileServer) => Verdict = () => right
) =>
(): Stage => {
  const server = HostileServer.make(reply)
  return {
    server,
    play: (session) => ask(getU1(session), (answer) => all(fails(...kinds)(answer), more(answer, server)))
  }
}

const once = (_answer: unknown, server: HostileServer.HostileServer): Verdict =>
  when(server.received.length === 1, `asked ${server.received.length} times`)

const detailIs = (detail: string) => (answer: Answer<SeenUser>): Verdict =>
  !answer.ok && (answer.failure.detail ?? answer.failure.text).includes(detail)
    ? right
    : loud("lost what the server said")

const letters = "abcdefghij"

export const cases: ReadonlyArray<HostileCase> = [
  ...[
    {
      name: "429-seconds",
      server: "answers 429 with Retry-After: 1",
      client: "waits a second, then asks again",
      start: throttled(429, () => ({ "retry-after": "1" }), () => 1_000)
    },
    {
      name: "429-date",
      server: "answers 429 with a Retry-After date two seconds ahead",
      client: "waits until then",
      // A date has whole seconds, so up to one of the two is lost to rounding.
      start: throttled(429, () => ({ "retry-after": new Date(Date.now() + 2_000).toUTCString() }), () => 900)
    },
    {
      name: "429-past-date",
      server: "answers 429 with a Retry-After date in the past",
      client: "asks again soon",
      start: throttled(429, () => ({ "retry-after": new Date(Date.now() - 60_000).toUTCString() }), () => 0)
    },
    {
      name: "429-nonsense",
      server: "answers 429 with Retry-After: abc",
      client: "backs off by its own schedule, then asks again",
      start: throttled(429, () => ({ "retry-after": "abc" }), () => 1)
    },
    {
      name: "429-without",
      server: "answers 429 without Retry-After",
      client: "backs off by its own schedule, then asks again",
      start: throttled(429, () => ({}), () => 1)
    },
    {
      name: "429-for-ever",
      server: "answers 429 with Retry-After: 99999",
      client: "does not sleep for a day: says that the server asks for more patience than it has",
      start: failing(["rate-limited"], () => ({ status: 429, headers: { "retry-after": "99999" } }), once)
    }
  ].map((variant, index): HostileCase => ({ area: "transport", id: `60${letters[index] ?? ""}`, ...variant })),
  {
    id: "61a",
    name: "503-seconds",
    area: "transport",
    server: "answers 503 with Retry-After: 1",
    client: "waits a second, then asks again",
    start: throttled(503, () => ({ "retry-after": "1" }), () => 1_000)
  },
  {
    id: "61b",
    name: "500-on-get",
    area: "transport",
    server: "answers 500 twice to a GET, then well",
    client: "asks again",
    start: () => ({
      server: HostileServer.make((request) => request.index < 2 ? Service.failure(500, "Oops") : u1()),
      play: (session) => ask(getU1(session), isU1)
    })
  },
  {
    id: "61c",
    name: "500-for-ever",
    area: "transport",
    server: "answers 500 for ever",
    client: "gives up within its budget",
    start: failing(
      ["server-error"],
      () => Service.failure(500, "Oops"),
      (_, server) => when(server.received.length <= 50, `asked ${server.received.length} times`)
    )
  },
  {
    id: "61d",
    name: "500-on-post",
    area: "transport",
    server: "answers 500 to every POST and creates nothing",
    client: "does not send the POST again without looking",
    start: () => {
      const service = Service.make({})
      const server = HostileServer.make((request) =>
        request.method === "POST" ? Service.failure(500, "Oops") : service.handle(request)
      )
      return {
        server,
        play: (session) => {
          const { createUser } = session
          return ask(
            createUser && (() => createUser({ userName: "ada@example.com", email: "ada@example.com" })),
            (answer) => {
              const methods = server.received.map((request) => request.method).join(" ")
              return all(
                when(!methods.includes("POST POST"), "sent the POST again without looking"),
                fails("server-error")(answer)
              )
            }
          )
        }
      }
    }
  },
  {
    id: "62",
    name: "throttling-in-disguise",
    area: "transport",
    server: "answers 400 \"Too many requests\" once, then well",
    client: "says what the server said; with a profile for this server, asks again",
    start: () => ({
      server: HostileServer.make((request) =>
        request.index === 0 ? Service.failure(400, "Too many requests, slow down") : u1()
      ),
      play: (session) =>
        ask(
          getU1(session),
          (answer) =>
            answer.ok
              ? isU1(answer)
              : all(fails("invalid-request", "rate-limited")(answer), detailIs("slow down")(answer))
        )
    })
  },
  ...[
    {
      name: "status-number",
      body: { schemas: [Service.errorSchema], status: 403, detail: "not for you" },
      detail: "not for you"
    },
    {
      name: "status-string",
      body: { schemas: [Service.errorSchema], status: "403", detail: "not for you" },
      detail: "not for you"
    },
    { name: "status-missing", body: { detail: "not for you" }, detail: "not for you" },
    { name: "version-1", body: { Errors: [{ description: "not for you", code: "403" }] }, detail: "not for you" },
    {
      name: "nested",
      body: { status: 403, response: { detail: "not for you", scimType: "schemaViolated" } },
      detail: "not for you"
    },
    { name: "plain-text", body: "not for you", detail: "not for you" },
    { name: "html", body: "<html><body><h1>Forbidden</h1></body></html>", detail: "" },
    { name: "empty", body: undefined, detail: "" }
  ].map((variant, index): HostileCase => ({
    id: `63${letters[index] ?? ""}`,
    name: `error-${variant.name}`,
    area: "transport",
    server: `answers 403 with ${variant.body === undefined ? "an empty body" : JSON.stringify(variant.body)}`,
    client: "fails by the HTTP status, and keeps what the server said",
    start: failing(
      ["forbidden"],
      () => ({
        status: 403,
        ...(typeof variant.body === "string"
          ? { headers: { "content-type": variant.name === "html" ? "text/html" : "text/plain" } }
          : {}),
        ...(variant.body === undefined ? {} : { body: variant.body })
      }),
      detailIs(variant.detail)
    )
  })),
  {
    id: "64a",
    name: "401",
    area: "transport",
    server: "answers 401",
    client: "says unauthorized at once",
    start: failing(["unauthorized"], () => Service.failure(401, "Invalid token"), once)
  },
  {
    id: "64b",
    name: "403",
    area: "transport",
    server: "answers 403",
    client: "says forbidden at once, which is not unauthorized",
    start: failing(["forbidden"], () => Service.failure(403, "Not allowed"), once)
  },
  {
    id: "64c",
    name: "404-on-the-list",
    area: "transport",
    server: "answers 404 to everything",
    client: "says that the URL is wrong",
    start: () => ({
      server: HostileServer.make(() => ({
        status: 404,
        headers: { "content-type": "text/plain" },
        body: "404 page not found"
      })),
      play: (session) => ask(session.listUsers, fails("not-scim", "not-found", "configuration"))
    })
  },
  ...[301, 302, 307].map((status, index): HostileCase => ({
    id: `65${letters[index] ?? ""}`,
    name: `redirect-${status}`,
    area: "transport",
    server: `answers ${status} to another host`,
    client: "does not go there: the token stays",
    start: () => {
      const visits: Array<Received> = []
      const server = HostileServer.make((request) => {
        if (request.path.startsWith("/elsewhere")) {
          visits.push(request)
          return u1()
        }
        const port = String(request.headers.host).split(":")[1] ?? ""
        return { status, headers: { location: `http://localhost:${port}/elsewhere/Users/u1` } }
      })
      return {
        server,
        play: (session) =>
          ask(getU1(session), (answer) =>
            visits.some((visit) => visit.headers.authorization !== undefined)
              ? wrong("took the token to another host")
              : all(when(visits.length === 0, "went to another host"), fails("redirect-refused")(answer)))
      }
    }
  })),
  {
    id: "66a",
    name: "hangs-before-headers",
    area: "transport",
    server: "accepts the request and never answers",
    client: "stops waiting and says so, and closes the connection",
    options: { timeoutMillis: 1_500 },
    start: () => {
      const server = HostileServer.make(() => ({ raw: () => {} }))
      return {
        server,
        play: (session) =>
          Effect.gen(function*() {
            const verdict = yield* ask(getU1(session), fails("timeout"))
            // The close of a socket arrives in its own time.
            for (let turn = 0; turn < 1_000 && server.abandoned.count === 0; turn += 1) yield* Effect.sleep(20)
            return all(verdict, server.abandoned.count > 0 ? right : loud("left the connection open"))
          })
      }
    }
  },
  {
    id: "66b",
    name: "hangs-in-the-body",
    area: "transport",
    server: "sends half a body and then nothing",
    client: "stops waiting and says so",
    options: { timeoutMillis: 1_500 },
    start: failing(["timeout"], () => ({
      raw: (response) => {
        response.writeHead(200, { "content-type": "application/scim+json" })
        response.write("{\"id\":")
      }
    }))
  },
  {
    id: "67a",
    name: "connection-reset",
    area: "transport",
    server: "resets the connection once, then answers well",
    client: "asks again",
    start: () => ({
      server: HostileServer.make((request) =>
        request.index === 0 ? { raw: (response) => response.socket?.resetAndDestroy() } : u1()
      ),
      play: (session) => ask(getU1(session), isU1)
    })
  },
  {
    id: "67b",
    name: "connection-reset-for-ever",
    area: "transport",
    server: "resets every connection",
    client: "gives up and says that the network fails",
    start: failing(["network"], () => ({ raw: (response) => response.socket?.resetAndDestroy() }))
  },
  ...([
    { name: "404", reply: Service.failure(404, "No such endpoint"), patch: "unknown", bulk: "unknown" },
    { name: "401", reply: Service.failure(401, "Not for this token"), patch: "unknown", bulk: "unknown" },
    {
      name: "html",
      reply: { status: 200, headers: { "content-type": "text/html" }, body: "<html><body>Welcome</body></html>" },
      patch: "unknown",
      bulk: "unknown"
    },
    {
      name: "partial",
      reply: { status: 200, body: { bulk: { supported: false }, filter: "yes" } },
      patch: "unknown",
      bulk: "unsupported"
    }
  ] as const).map((variant, index): HostileCase => ({
    id: `68${letters[index] ?? ""}`,
    name: `configuration-${variant.name}`,
    area: "transport",
    server: `answers ${variant.name} to ServiceProviderConfig`,
    client: "goes on; takes what it can't read for unknown, not for no",
    start: () => ({
      server: HostileServer.make((request) => request.path.endsWith("ServiceProviderConfig") ? variant.reply : u1()),
      play: (session) =>
        ask(
          session.configuration,
          good((seen) => all(equal("patch", seen.patch, variant.patch), equal("bulk", seen.bulk, variant.bulk)))
        )
    })
  })),
  ...[
    { name: "slash", path: "/scim/v2/", expected: "/scim/v2/Users/u1", query: "" },
    { name: "no-slash", path: "/scim/v2", expected: "/scim/v2/Users/u1", query: "" },
    { name: "root", path: "", expected: "/Users/u1", query: "" },
    { name: "deep", path: "/a/b/scim/v2.0/key", expected: "/a/b/scim/v2.0/key/Users/u1", query: "" },
    { name: "query", path: "/scim/v2?tenant=a%20b", expected: "/scim/v2/Users/u1", query: "tenant=a b" }
  ].map((variant, index): HostileCase => ({
    id: `69${letters[index] ?? ""}`,
    name: `base-url-${variant.name}`,
    area: "transport",
    server: `lives at ${variant.path === "" ? "the root" : variant.path}`,
    client: "puts the address together rightly",
    start: () => {
      const server = HostileServer.make(() => u1())
      return {
        server,
        path: variant.path,
        play: (session) =>
          ask(getU1(session), (answer) => {
            const [first] = server.received
            return all(
              equal("path", first?.path, variant.expected),
              variant.query === "" ? right : equal("tenant", first?.query.get("tenant"), "a b"),
              isU1(answer)
            )
          })
      }
    }
  })),
  {
    id: "70",
    name: "token-in-errors",
    area: "transport",
    server: "echoes the Authorization header in its error",
    client: "shows the token in no error and no log",
    start: () => {
      const server = HostileServer.make((request) =>
        Service.failure(403, `You sent ${String(request.headers.authorization)}`)
      )
      return {
        server,
        play: (session) =>
          Effect.gen(function*() {
            const getUser = getU1(session)
            if (getUser === undefined) return { _tag: "unsupported" }
            const answer = yield* Effect.promise(getUser)
            const token = String(server.received[0]?.headers.authorization ?? "").replace(/^Bearer /iu, "")
            const { logged } = session
            const log = logged === undefined ? "" : yield* Effect.promise(logged)
            const shown = answer.ok ? "" : `${answer.failure.text} ${answer.failure.detail ?? ""}`
            return all(
              when(token !== "", "sent no token"),
              when(!shown.includes(token), "the token is in the error"),
              when(!log.includes(token), "the token is in the log"),
              fails("forbidden")(answer)
            )
          })
      }
    }
  },
  {
    id: "71a",
    name: "burst",
    area: "transport",
    server: "counts the requests that are open at once; the limit is 3",
    client: "keeps to its limit",
    options: { concurrency: 3 },
    start: () => {
      const server = HostileServer.make(slowly)
      return {
        server,
        play: (session) =>
          crowd(
            session,
            20,
            (answers) =>
              all(
                when(answers.every((answer) => answer.ok), "lost an answer"),
                server.inFlight.most <= 3 ? right : loud(`${server.inFlight.most} requests at once`)
              )
          )
      }
    }
  },
  {
    id: "71b",
    name: "429-pauses-everybody",
    area: "transport",
    server: "answers 429 with Retry-After: 1 to one of many requests",
    client: "sends nothing more until the second is over",
    options: { concurrency: 2 },
    start: () => {
      let throttledAt = 0
      const early: Array<number> = []
      const server = HostileServer.make((request) => {
        if (request.index === 4) {
          throttledAt = request.at
          return { status: 429, headers: { "retry-after": "1" } }
        }
        // What was on its way when the 429 was written is not the client's fault.
        if (throttledAt > 0 && request.at - throttledAt > 200 && request.at - throttledAt < 1_000 - slack) {
          early.push(request.index)
        }
        return slowly(request)
      })
      return {
        server,
        play: (session) =>
          crowd(
            session,
            40,
            (answers) =>
              all(
                answers.every((answer) => answer.ok) ? right : loud("lost an answer"),
                early.length === 0 ? right : loud(`sent ${early.length} requests during the pause`)
              )
          )
      }
    }
  },
  {
    id: "72a",
    name: "reset-in-seconds",
    area: "transport",
    server: "answers 429 with X-RateLimit-Reset: 1 and no Retry-After",
    client: "waits a second",
    start: throttled(429, () => ({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }), () => 1_000)
  },
  {
    id: "72b",
    name: "reset-as-epoch",
    area: "transport",
    server: "answers 429 with X-RateLimit-Reset as an epoch two seconds ahead",
    client: "waits until then",
    start: throttled(
      429,
      () => ({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(Date.now() / 1_000) + 2) }),
      () => 900
    )
  }
]
