/** An answer before it goes on the wire. */
import * as ScimFailure from "../ScimFailure.ts"

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Parts to send one after the other; undefined is no body. */
  readonly body: ReadonlyArray<Buffer> | undefined
}

export const size = (reply: Reply): number => reply.body?.reduce((sum, part) => sum + part.length, 0) ?? 0

export const text = (reply: Reply): string => Buffer.concat(reply.body ?? []).toString("utf8")

export const scimJson = "application/scim+json"

export const bytes = (
  status: number,
  body: ReadonlyArray<Buffer>,
  headers: Readonly<Record<string, string>> = {}
): Reply => ({
  status,
  headers: { "content-type": scimJson, ...headers },
  body
})

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply =>
  bytes(status, [Buffer.from(JSON.stringify(body))], headers)

export const empty = (status: number, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers,
  body: undefined
})

/** What a gateway in front of the service answers, which knows nothing of SCIM. */
export const gateway = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply =>
  json(status, { message }, { ...headers, "content-type": "application/json" })

export const failure = (
  failure: ScimFailure.ScimFailure,
  headers: Readonly<Record<string, string>> = {}
): Reply =>
  failure.format === "other"
    ? gateway(failure.status, failure.detail, headers)
    : json(failure.status, ScimFailure.toBody(failure), headers)
