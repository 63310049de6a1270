/**
 * Where the access token comes from. Static tokens are checked once; OAuth 2.0 tokens (RFC 6749 §4.4) are kept until shortly
 * before they expire and fetched by one fibre while the others wait.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { Auth, ClientCredentials } from "../Auth.ts"
import * as ScimError from "../ScimError.ts"

export interface TokenSource {
  readonly token: Effect.Effect<string, ScimError.ScimError>
  /** Forgets the token, if it is still this one. `true` when a new one can be had. */
  readonly forget: (token: string) => boolean
  /** Every text that must not get out, the longest first. */
  readonly secrets: () => ReadonlyArray<string>
}

/** Sends a form to the token endpoint and gives status and body. */
export type PostForm = (
  url: string,
  headers: { readonly [name: string]: string },
  body: string
) => Effect.Effect<{ readonly status: number; readonly text: string }, ScimError.ScimError>

const invalid = (option: string, message: string) =>
  Effect.fail(ScimError.make(new ScimError.InvalidConfiguration({ option, message })))

/** A text as it is and as it stands in a URL. */
const forms = (text: string): ReadonlyArray<string> => {
  const encoded = encodeURIComponent(text)
  return encoded === text ? [text] : [encoded, text]
}

/** What RFC 9110 lets a header value be, less the blanks that no token has. */
const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

export const make = Effect.fnUntraced(function*(auth: Auth, post: PostForm) {
  if (auth._tag === "ClientCredentials") return yield* clientCredentials(auth, post)
  const token = Redacted.value(auth.token)
  if (token === "") return yield* invalid("auth", "The bearer token is empty. Give the token that the server issued.")
  if (!isToken(token)) {
    return yield* invalid(
      "auth",
      "The bearer token contains white space, a line break or characters that no HTTP header can hold. Copy it again, on one line."
    )
  }
  const source: TokenSource = { token: Effect.succeed(token), forget: () => false, secrets: () => forms(token) }
  return source
})

const clientCredentials = Effect.fnUntraced(function*(auth: ClientCredentials, post: PostForm) {
  const url = URL.parse(auth.tokenUrl)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return yield* invalid("auth.tokenUrl", "The token URL is no http or https URL. Give it as https://host/path.")
  }
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol === "http:" && !loopback) {
    return yield* invalid("auth.tokenUrl", "The token URL is not https, so the client secret would travel unprotected.")
  }
  const secret = Redacted.value(auth.clientSecret)
  if (auth.clientId === "" || secret === "") {
    return yield* invalid("auth", "The OAuth client id or client secret is empty.")
  }

  const basic = Base64.encode(`${encodeURIComponent(auth.clientId)}:${encodeURIComponent(secret)}`)
  const form = new URLSearchParams({ grant_type: "client_credentials" })
  if (auth.scope !== undefined) form.set("scope", auth.scope)
  if (auth.audience !== undefined) form.set("audience", auth.audience)
  if (auth.style === "body") {
    form.set("client_id", auth.clientId)
    form.set("client_secret", secret)
  }
  const headers = auth.style === "basic" ? { authorization: `Basic ${basic}` } : {}

  const lock = Semaphore.makeUnsafe(1)
  let current: { readonly token: string; readonly expiresAt: number } | undefined
  const issued: Array<string> = []
  const secrets = () => [...issued.flatMap(forms), basic, ...forms(secret)].sort((a, b) => b.length - a.length)

  const fetchToken = Effect.gen(function*() {
    const answer = yield* post(auth.tokenUrl, headers, form.toString())
    const parsed = Result.try(() => JSON.parse(answer.text) as unknown)
    const body = Result.isSuccess(parsed) ? parsed.success : undefined
    const now = yield* Clock.currentTimeMillis
    if (answer.status < 200 || answer.status > 299) return yield* refused(answer.status, body, secrets())
    const token = read(body, "access_token")
    if (typeof token !== "string" || !isToken(token)) {
      return yield* failed("The token endpoint answered without an access token. Check the token URL.", answer.status)
    }
    const type = read(body, "token_type")
    if (typeof type === "string" && type.toLowerCase() !== "bearer") {
      return yield* failed("The token endpoint gave a token that is no bearer token.", answer.status)
    }
    const lifetime = Number(read(body, "expires_in"))
    // A tenth of its life, at most a minute, is left for the way to the server and for clocks that differ.
    const seconds = Number.isFinite(lifetime) && lifetime > 0 ? lifetime - Math.min(60, lifetime / 10) : 300
    current = { token, expiresAt: now + seconds * 1000 }
    issued.push(token)
    if (issued.length > 4) issued.shift()
    return token
  })

  const valid = Effect.map(
    Clock.currentTimeMillis,
    (now) => current !== undefined && now < current.expiresAt ? current.token : undefined
  )
  const source: TokenSource = {
    token: Effect.flatMap(valid, (token) =>
      token === undefined
        ? lock.withPermit(Effect.flatMap(valid, (token) => token === undefined ? fetchToken : Effect.succeed(token)))
        : Effect.succeed(token)),
    forget: (token) => {
      if (current?.token === token) current = undefined
      return true
    },
    secrets
  }
  return source
})

const read = (body: unknown, name: string): unknown => Predicate.hasProperty(body, name) ? body[name] : undefined

const failed = (message: string, status: number, error?: string) =>
  Effect.fail(
    ScimError.make(new ScimError.TokenRequestFailed({ message, ...(error === undefined ? {} : { error }) }), {
      method: "POST",
      status
    })
  )

const refused = (status: number, body: unknown, secrets: ReadonlyArray<string>) => {
  const error = read(body, "error")
  const word =
    typeof error === "string" && /^[a-z_]{1,60}$/.test(error) && !secrets.some((text) => error.includes(text))
      ? error
      : undefined
  return failed(
    `The token endpoint refused the client credentials (${status}${
      word === undefined ? "" : ` ${word}`
    }). Check client id, client secret, scope and token URL.`,
    status,
    word
  )
}
