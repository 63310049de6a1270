/**
 * The audit log over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Stream from "effect/Stream"
import { AuditLog } from "../AuditLog.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "audit",
  Effect.fnUntraced(function*(handlers) {
    const audit = yield* AuditLog
    return handlers.handleAll({
      list: ({ query: { limit, pageToken, ...filter } }) =>
        audit.list(filter, {
          ...(limit === undefined ? {} : { limit }),
          ...(pageToken === undefined ? {} : { pageToken })
        }),
      // The answer has begun when the database fails: what is left is to break it off, so that nobody takes it for whole.
      export: ({ query }) => Effect.succeed(Stream.orDie(audit.export(query)))
    })
  })
)
