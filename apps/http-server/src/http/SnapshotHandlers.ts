/**
 * Snapshots over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import { Snapshots } from "../Snapshots.ts"
import * as Conditional from "./Conditional.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "snapshots",
  Effect.fnUntraced(function*(handlers) {
    const snapshots = yield* Snapshots
    return handlers.handleAll({
      list: ({ params, query }) => snapshots.list(params.connectorId, query),
      get: ({ params }) => snapshots.get(params.snapshotId),
      download: Effect.fnUntraced(function*({ headers, params, request }) {
        const snapshot = yield* snapshots.get(params.snapshotId)
        const etag = `"${snapshot.sha256}"`
        const seen = headers["if-none-match"]
        if (seen !== undefined && Conditional.matches(seen, etag)) {
          return HttpServerResponse.empty({ status: 304, headers: { etag } })
        }
        const content = request.method === "HEAD" ? Stream.empty : yield* snapshots.download(snapshot.id)
        return HttpServerResponse.stream(Stream.orDie(content), {
          contentType: "application/octet-stream",
          contentLength: snapshot.bytes,
          headers: { etag, "content-disposition": `attachment; filename="${snapshot.id}.c1z"` }
        })
      }),
      diff: ({ params, query: { since, ...page } }) => snapshots.diff(params.snapshotId, since, page)
    })
  })
)
