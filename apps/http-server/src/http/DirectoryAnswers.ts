/**
 * The questions about who has access, each answered with the bytes that are stored.
 *
 * @since 0.1.0
 */
import type { DirectoryGroup } from "@access-kit/server-api/Directory"
import type { Unavailable } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { Directory, type Encoded } from "../Directory.ts"
import { SourceLookup } from "../SourceLookup.ts"

type Endpoints = typeof DirectoryGroup.endpoints

/**
 * Endpoints that are answered so.
 *
 * @since 0.1.0
 */
export const names = [
  "accounts",
  "account",
  "access",
  "groups",
  "group",
  "entitlements",
  "entitlement",
  "grants",
  "grant"
] as const

/**
 * @since 0.1.0
 */
export type Name = typeof names[number]

/**
 * The decoded request of an endpoint, as far as it says what is asked.
 *
 * @since 0.1.0
 */
export type Asked<N extends Name> = Pick<
  HttpApiEndpoint.Request<Endpoints[N]>,
  Extract<keyof HttpApiEndpoint.Request<Endpoints[N]>, "params" | "query">
>

/**
 * JSON, and its entity tag unless it has the time of its snapshot in it.
 *
 * @since 0.1.0
 */
export type Answer = Omit<Encoded, "etag"> & Partial<Pick<Encoded, "etag">>

/**
 * @since 0.1.0
 */
export type Answers = {
  readonly [N in Name]: (asked: Asked<N>) => Effect.Effect<Answer, Endpoints[N]["~Error"]["Type"] | Unavailable>
}

/**
 * @since 0.1.0
 */
export const response = (
  { body, etag }: Answer,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(body, {
    contentType: "application/json",
    headers: etag === undefined ? headers : { ...headers, etag }
  })

const page = (limit: number | undefined, pageToken: string | undefined) => ({
  ...(limit === undefined ? {} : { limit }),
  ...(pageToken === undefined ? {} : { pageToken })
})

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const directory = yield* Directory
  const lookup = yield* SourceLookup
  const answers: Answers = {
    accounts: ({ params, query: { limit, pageToken, ...filter } }) =>
      directory.accounts(params.connectorId, filter, page(limit, pageToken)),
    account: ({ params }) => lookup.account(params.connectorId, params.accountId),
    access: ({ params }) =>
      Effect.mapEager(lookup.access(params.connectorId, params.accountId), ({ body }) => ({ body })),
    groups: ({ params, query: { limit, pageToken, ...filter } }) =>
      directory.groups(params.connectorId, filter, page(limit, pageToken)),
    group: ({ params }) => lookup.group(params.connectorId, params.groupId),
    entitlements: ({ params, query: { limit, pageToken, ...filter } }) =>
      directory.entitlements(params.connectorId, filter, page(limit, pageToken)),
    entitlement: ({ params }) => lookup.entitlement(params.connectorId, params.entitlementId),
    grants: ({ params, query: { limit, pageToken, ...filter } }) =>
      directory.grants(params.connectorId, filter, page(limit, pageToken)),
    grant: ({ params }) => lookup.grant(params.connectorId, params.grantId)
  }
  return answers
})
