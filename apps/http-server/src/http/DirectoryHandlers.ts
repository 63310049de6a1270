/**
 * Who has access, and changing it, over HTTP. Listings are sent as the bytes that they are stored as.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { Directory, type Encoded } from "../Directory.ts"
import { Change, Operations } from "../Operations.ts"
import { SourceLookup } from "../SourceLookup.ts"
import * as Actors from "./Actors.ts"

const sent = ({ body, etag }: Encoded): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.uint8Array(body, { contentType: "application/json", headers: { etag } })

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "directory",
  Effect.fnUntraced(function*(handlers) {
    const directory = yield* Directory
    const lookup = yield* SourceLookup
    const operations = yield* Operations

    const submit = (connectorId: string, change: Change, key: string | undefined) =>
      Effect.flatMap(Actors.current, (actor) => operations.submit(actor, connectorId, change, key))

    return handlers.handleAll({
      accounts: ({ params, query: { limit, pageToken, ...filter } }) =>
        Effect.map(directory.accounts(params.connectorId, filter, page(limit, pageToken)), sent),
      account: ({ params }) => Effect.map(lookup.account(params.connectorId, params.accountId), sent),
      access: ({ params }) => lookup.access(params.connectorId, params.accountId),
      createAccount: ({ headers, params, payload }) =>
        submit(params.connectorId, Change.CreateAccount({ request: payload }), headers["idempotency-key"]),
      deleteAccount: ({ headers, params, query }) =>
        submit(
          params.connectorId,
          Change.DeleteAccount({ accountId: params.accountId, dryRun: query.dryRun === "true" }),
          headers["idempotency-key"]
        ),
      groups: ({ params, query: { limit, pageToken, ...filter } }) =>
        Effect.map(directory.groups(params.connectorId, filter, page(limit, pageToken)), sent),
      group: ({ params }) => Effect.map(lookup.group(params.connectorId, params.groupId), sent),
      entitlements: ({ params, query: { limit, pageToken, ...filter } }) =>
        Effect.map(directory.entitlements(params.connectorId, filter, page(limit, pageToken)), sent),
      entitlement: ({ params }) => Effect.map(lookup.entitlement(params.connectorId, params.entitlementId), sent),
      grants: ({ params, query: { limit, pageToken, ...filter } }) =>
        Effect.map(directory.grants(params.connectorId, filter, page(limit, pageToken)), sent),
      grant: ({ params }) => Effect.map(lookup.grant(params.connectorId, params.grantId), sent),
      createGrant: ({ headers, params, payload }) =>
        submit(params.connectorId, Change.Grant({ request: payload }), headers["idempotency-key"]),
      revokeGrant: ({ headers, params, query }) =>
        submit(
          params.connectorId,
          Change.Revoke({ grantId: params.grantId, dryRun: query.dryRun === "true" }),
          headers["idempotency-key"]
        )
    })
  })
)

const page = (limit: number | undefined, pageToken: string | undefined) => ({
  ...(limit === undefined ? {} : { limit }),
  ...(pageToken === undefined ? {} : { pageToken })
})
