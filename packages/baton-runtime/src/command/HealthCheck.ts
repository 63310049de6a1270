/**
 * `health-check`: asks the health endpoint of a connector that runs, for a container's probe. It prints nothing when all is well.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"

/**
 * Fails with `Unhealthy` unless the answer is 200.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("HealthCheck.run")(function*(
  given: Given
): Effect.fn.Return<void, CommandError.CommandError> {
  const host = given.text("health-check-bind-address") ?? "127.0.0.1"
  const address = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host
  const url = `http://${address}:${given.integer("health-check-port")}/${given.text("endpoint") ?? "health"}`
  const seconds = given.integer("timeout")
  const unhealthy = (what: string, cause?: unknown) => CommandError.make("Unhealthy", `${url} ${what}.`, cause)
  const { status } = yield* HttpClient.get(url).pipe(
    Effect.timeoutOrElse({
      duration: `${seconds} seconds`,
      orElse: () => Effect.fail(unhealthy(`did not answer in ${seconds} seconds`))
    }),
    Effect.catchTag(
      "HttpClientError",
      (error) => Effect.fail(unhealthy("can't be reached; nothing listens there", error))
    ),
    Effect.provide(FetchHttpClient.layer)
  )
  if (status !== 200) return yield* unhealthy(`answered ${status}`)
})
