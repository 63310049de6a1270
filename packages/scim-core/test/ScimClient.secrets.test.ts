import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger, Metric, Redacted, References, Tracer } from "effect"
import { inspect } from "node:util"
import * as Auth from "../src/Auth.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"
import type * as ScimClient from "../src/ScimClient.ts"
import { connect, type Handler, listResponse, serve, token } from "./loopback.ts"

/** Everything that a program could print about a value, its hidden properties and its causes. */
const everything = (value: unknown): string => {
  const seen = new Set<unknown>()
  const visit = (value: unknown): ReadonlyArray<string> => {
    if (typeof value !== "object" || value === null || seen.has(value)) return [String(value)]
    seen.add(value)
    const own = Reflect.ownKeys(value).flatMap((key) => [String(key), ...visit(Reflect.get(value, key))])
    const stack = value instanceof Error ? [value.message, String(value.stack), ...visit(value.cause)] : []
    return [...own, ...stack, ...(value instanceof Map ? [...value].flatMap(visit) : [])]
  }
  return [inspect(value, { depth: Infinity, showHidden: true }), ...visit(value)].join("\n")
}

const client = { id: "my-client", secret: "cl1ent-secret-that-must-not-get-out" }
const issued = "access-t0ken-that-must-not-get-out"
const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64")

describe("Secrets", () => {
  it.live("appear in no error, log, span or metric, whatever the server sends back", () =>
    Effect.gen(function*() {
      const out: Array<string> = []
      // A server that throws everything it was sent back at the client.
      const echo =
        (status: number, type: string, secrets: ReadonlyArray<string>): Handler => ({ body, headers, path }) => {
          if (path === "/token") {
            return {
              status: status === 418 ? 400 : 200,
              body: {
                access_token: issued,
                error: `e-${client.secret}`,
                error_description: `${headers.authorization} ${body}`
              }
            }
          }
          const said = `You sent ${headers.authorization}, ${secrets.join(", ")}`
          const text = type === "application/json"
            // Some servers escape what needs no escape.
            ? JSON.stringify({ detail: said, scimType: said, status }).replaceAll("must", String.raw`m\u0075st`)
            : `<html><body>${said}</body></html>`
          return {
            status,
            headers: {
              "content-type": type,
              "x-request-id": secrets[0] ?? "",
              location: `https://${secrets[0]}.example.com/${secrets[0]}?t=${secrets.at(-1)}`,
              "retry-after": "0"
            },
            body: text
          }
        }
      const statuses = [200, 201, 204, 301, 400, 401, 403, 404, 409, 412, 413, 418, 422, 429, 500, 501, 503]
      const auths = [
        Auth.bearer(Redacted.make(token)),
        Auth.clientCredentials({ tokenUrl: "", clientId: client.id, clientSecret: Redacted.make(client.secret) }),
        Auth.clientCredentials({
          tokenUrl: "",
          clientId: client.id,
          clientSecret: Redacted.make(client.secret),
          style: "body"
        })
      ]
      let errors = 0
      for (const status of statuses) {
        for (const type of ["application/json", "text/html"]) {
          for (const auth of auths) {
            const server = yield* serve(
              echo(status, type, auth._tag === "Bearer" ? [token] : [issued, client.secret, basic])
            )
            const tokenUrl = new URL("/token", server.url).href
            const scim = yield* connect(server, {
              auth: auth._tag === "Bearer" ? auth : { ...auth, tokenUrl },
              retry: RetryPolicy.make({ initialDelay: 0, maxDelay: 0, maxRetries: 1, budget: 0 })
            })
            out.push(everything(scim))
            const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
              scim.users.get("u1"),
              scim.users.list({ maxRewalks: 0 }),
              scim.users.create({ userName: "a@example.com" }),
              scim.users.replace("u1", { userName: "a@example.com" }),
              scim.users.delete("u1")
            ]
            for (const call of calls) {
              yield* call.pipe(
                Effect.tapCause((cause) => Effect.logError("failed", cause)),
                Effect.catch((error) => {
                  errors++
                  out.push(everything(error), JSON.stringify(error), String(error), Cause.pretty(Cause.fail(error)))
                  return Effect.void
                })
              )
            }
          }
        }
      }
      const broken = yield* serve(() => (response) => response.socket?.resetAndDestroy())
      out.push(everything(yield* Effect.flip((yield* connect(broken)).users.get("u1"))))
      out.push(yield* Metric.dump)
      return { errors, out }
    }).pipe(
      (program) =>
        Effect.gen(function*() {
          const logged: Array<string> = []
          const spans: Array<Tracer.NativeSpan> = []
          const result = yield* program.pipe(
            Effect.withTracer(Tracer.make({
              span: (options) => {
                const span = new Tracer.NativeSpan(options)
                spans.push(span)
                return span
              }
            })),
            Effect.provideService(
              References.CurrentLoggers,
              new Set([
                Logger.make(({ cause, message }) => {
                  logged.push(everything(message), Cause.pretty(cause))
                })
              ])
            ),
            Effect.provideService(References.MinimumLogLevel, "All")
          )
          assert.isAbove(result.errors, 300)
          assert.isAbove(logged.length, 300)
          assert.isAbove(spans.length, 300)
          const names = new Set(spans.map(({ name }) => name))
          for (const name of ["get", "list", "create", "replace", "delete"]) {
            assert.isTrue(names.has(`ScimClient.${name}`))
          }
          const all = [
            ...result.out,
            ...logged,
            ...spans.map((span) => everything([span.name, span.attributes, span.events, span.status]))
          ]
            .join("\n")
          for (const secret of [token, client.secret, issued, basic]) {
            const at = all.indexOf(secret)
            assert.strictEqual(at, -1, all.slice(Math.max(0, at - 1000), at + 200))
          }
          assert.include(all, "<redacted>")
        })
    ))

  it.live("are not in the query of a list that fails", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ status: 400 }))
      const scim = yield* connect({ url: `${server.url}?api_key=k3y-in-the-url` })
      const error = yield* Effect.flip(scim.users.page({ filter: `userName eq "private@example.com"` }))
      assert.notInclude(everything(error), "k3y-in-the-url")
      assert.notInclude(everything(error), "private@example.com")
    }))

  it.live("do not go to another host through anything a server says", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(() => ({ body: listResponse([]) }))
      const server = yield* serve(({ method }) => ({
        status: method === "POST" ? 201 : 200,
        headers: { location: `${elsewhere.url}/Users/u1`, link: `<${elsewhere.url}>; rel="next"` },
        body: method === "POST"
          ? { meta: { location: `${elsewhere.url}/Users/u1` } }
          : { id: "u1", userName: "a", meta: { location: `${elsewhere.url}/Users/u1` } }
      }))
      const scim: ScimClient.ScimClient["Service"] = yield* connect(server)
      const created = yield* scim.users.create({ userName: "a" })
      assert.strictEqual((yield* scim.users.get(created.id)).id, "u1")
      assert.strictEqual(elsewhere.requests.length, 0)
    }))
})
