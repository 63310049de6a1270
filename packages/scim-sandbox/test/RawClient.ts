/** Talks to a sandbox with `fetch`, so that nothing of this project stands between a test and the wire. */
import { Effect, Predicate, Redacted, Result, Schema } from "effect"
import type { SandboxService } from "../src/Sandbox.ts"

/** Members that tests look at; which of them are there depends on the answer. */
export interface Body {
  readonly schemas: ReadonlyArray<string>
  readonly id: string
  readonly status: string
  readonly detail: string
  readonly scimType: string
  readonly userName: string
  readonly displayName: string
  readonly active: boolean
  readonly name: { readonly givenName?: string; readonly familyName?: string }
  readonly emails: ReadonlyArray<{ readonly value: string; readonly primary?: boolean; readonly type?: string }>
  readonly members: ReadonlyArray<{ readonly value: string; readonly display?: string; readonly type?: string }>
  readonly meta: Readonly<Record<string, string>>
  readonly totalResults: number
  readonly itemsPerPage: number
  readonly startIndex: number
  readonly nextCursor: string
  readonly Resources: ReadonlyArray<Body>
  readonly Operations: ReadonlyArray<
    {
      readonly status: string
      readonly bulkId: string
      readonly location: string
      readonly version: string
      readonly response: Body
    }
  >
  readonly error: string
  readonly [member: string]: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; an empty object where it is not JSON. */
  readonly body: Body
}

/** The request got no whole answer. */
export class Unanswered extends Schema.TaggedError<Unanswered>()("Unanswered", { cause: Schema.Defect() }) {}

export interface Asking {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string
}

const isBody = (input: unknown): input is Body => Predicate.isObjectOrArray(input)

const noBody: unknown = {}

const bodyOf = (text: string): Body => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  const body = Result.getOrElse(parsed, () => noBody)
  if (!isBody(body)) throw new Error(`not an object: ${text}`)
  return body
}

export const ask = (
  sandbox: SandboxService,
  method: string,
  path: string,
  { body, headers = {}, token = Redacted.value(sandbox.token) }: Asking = {}
): Effect.Effect<Answer, Unanswered> =>
  Effect.tryPromise({
    try: async (signal) => {
      const url = path.startsWith("http") ? path : sandbox.baseUrl + path
      const response = await fetch(url, {
        method,
        redirect: "manual",
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
          ...headers
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer())
      return { status: response.status, headers: response.headers, text, body: bodyOf(text) }
    },
    catch: (cause) => new Unanswered({ cause })
  })

export const patchOp = (...operations: ReadonlyArray<unknown>): unknown => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations: operations
})

export const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"
export const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"

export const user = (userName: string, more: object = {}): object => ({ schemas: [userSchema], userName, ...more })
export const group = (displayName: string, more: object = {}): object => ({
  schemas: [groupSchema],
  displayName,
  ...more
})

/** Walks a list by rows received. */
export const walk = (
  sandbox: SandboxService,
  path: string,
  count = 100
): Effect.Effect<ReadonlyArray<Body>, Unanswered> =>
  Effect.gen(function*() {
    const rows: Array<Body> = []
    while (true) {
      const { body } = yield* ask(sandbox, "GET", `${path}?startIndex=${rows.length + 1}&count=${count}`)
      if (body.Resources.length === 0) return rows
      rows.push(...body.Resources)
    }
  })
