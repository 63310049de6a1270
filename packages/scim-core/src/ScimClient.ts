/**
 * The client of one SCIM service.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Auth } from "./Auth.ts"
import * as Dialect from "./Dialect.ts"
import * as Discovery from "./Discovery.ts"
import type { Group, NewGroup } from "./Group.ts"
import * as Endpoint from "./internal/endpoint.ts"
import * as Client from "./internal/resourceClient.ts"
import * as Transport from "./internal/transport.ts"
import type { ResourceClient } from "./ResourceClient.ts"
import * as ResourceKind from "./ResourceKind.ts"
import * as ResourcePath from "./ResourcePath.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import * as ScimError from "./ScimError.ts"
import type { JsonObject, ScimResource } from "./ScimResource.ts"
import type { NewUser, User } from "./User.ts"

/** What this client has sent and received so far. @since 0.1.0 */
export interface RequestStats {
  /** HTTP requests, retries and token requests included. */
  readonly requests: number
  readonly retries: number
  /** Milliseconds that fibres spent waiting before retries and at the rate-limit gate, added up. */
  readonly waitedMillis: number
  /** Bytes of response bodies as they came over the wire. */
  readonly bytesReceived: number
  /** Bytes of request bodies. */
  readonly bytesSent: number
}

/** @since 0.1.0 */
export interface Options {
  /** With or without a trailing slash; a query is sent with every request. */
  readonly baseUrl: string
  readonly auth: Auth
  /** Default `Dialect.standard`. */
  readonly dialect?: Dialect.Dialect | undefined
  /** Most requests in flight. Default 8. */
  readonly concurrency?: number | undefined
  /** How long to wait for the beginning of an answer, and for the rest of it. Default 30 seconds and 60 seconds. */
  readonly timeout?:
    | Duration.Input
    | { readonly headers?: Duration.Input | undefined; readonly body?: Duration.Input | undefined }
    | undefined
  /** Default `RetryPolicy.standard`. */
  readonly retry?: RetryPolicy.RetryPolicy | undefined
  /** Put before this package's own product name. */
  readonly userAgent?: string | undefined
  /** Largest answer in bytes, after decompression. Default 32 MiB. */
  readonly maxBodyBytes?: number | undefined
  /** `count` of list requests. Default: the dialect's. */
  readonly pageSize?: number | undefined
  /** Ask for gzip. Default `true`. */
  readonly compression?: boolean | undefined
}

/**
 * A request that the client has no operation for.
 *
 * @since 0.1.0
 */
export interface RawRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Below the base URL, such as `/Bulk`. */
  readonly path: string
  readonly query?: ResourcePath.Query | undefined
  readonly body?: JsonObject | undefined
  /** Besides those that the client sets itself, which win. */
  readonly headers?: { readonly [name: string]: string } | undefined
  /** Whether it may be sent again when nobody knows whether it was carried out. Default: only a GET. */
  readonly repeatable?: boolean | undefined
}

/**
 * @since 0.1.0
 */
export interface RawResponse {
  /** 2xx, or 304 where the request was conditional. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string | undefined }
  /** Parsed JSON; `undefined` without a body. */
  readonly body: unknown
}

/** @since 0.1.0 */
export class ScimClient extends Context.Service<ScimClient, {
  readonly users: ResourceClient<User, NewUser>
  readonly groups: ResourceClient<Group, NewGroup>
  /** Operations on any other type of resource. */
  readonly resource: <A extends ScimResource, New>(kind: ResourceKind.ResourceKind<A, New>) => ResourceClient<A, New>
  /** Any other request, with token, gate, retries and typed errors like all of them. */
  readonly request: (request: RawRequest) => Effect.Effect<RawResponse, ScimError.ScimError>
  readonly dialect: Dialect.Dialect
  readonly stats: Effect.Effect<RequestStats>
  /** Read once and kept. Everything is unknown where the server has none or an unreadable one. */
  readonly serviceProviderConfig: Effect.Effect<Discovery.ServiceProviderConfig>
  /** Empty where the server has no readable list. */
  readonly resourceTypes: Effect.Effect<ReadonlyArray<Discovery.ResourceType>>
  /** Empty where the server has no readable list. */
  readonly schemas: Effect.Effect<ReadonlyArray<Discovery.SchemaDefinition>>
}>()("@access-kit/scim-core/ScimClient") {
  /**
   * Fails with `InvalidConfiguration`. Nothing is sent.
   *
   * @since 0.1.0
   */
  static make(
    options: Options
  ): Effect.Effect<ScimClient["Service"], ScimError.ScimError, HttpClient.HttpClient> {
    return make(options)
  }

  /**
   * @since 0.1.0
   */
  static layer(options: Options): Layer.Layer<ScimClient, ScimError.ScimError, HttpClient.HttpClient> {
    return Layer.effect(ScimClient, make(options))
  }
}

const invalid = (option: string, message: string) =>
  Effect.fail(ScimError.make(new ScimError.InvalidConfiguration({ option, message })))

const isPhases = (
  timeout: Options["timeout"]
): timeout is { readonly headers?: Duration.Input | undefined; readonly body?: Duration.Input | undefined } =>
  Predicate.isObject(timeout) && !Duration.isDuration(timeout) &&
  (Predicate.hasProperty(timeout, "headers") || Predicate.hasProperty(timeout, "body"))

/** The product name that ends every `User-Agent`. */
const product = "access-kit-scim-core"

/**
 * {@link ScimClient.make} for those who import the module as a namespace.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const dialect = options.dialect ?? Dialect.standard
  const concurrency = options.concurrency ?? 8
  const pageSize = options.pageSize ?? dialect.pageSize
  const maxBodyBytes = options.maxBodyBytes ?? 32 * 1024 * 1024
  for (const [option, value] of Object.entries({ concurrency, pageSize, maxBodyBytes })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      return yield* invalid(option, `${option} is ${value}. Give a whole number from 1 up.`)
    }
  }
  const base = ResourcePath.baseUrl(options.baseUrl)
  if (Result.isFailure(base)) return yield* invalid("baseUrl", base.failure.message)
  const agent = options.userAgent?.trim() ?? ""
  if (!/^[\x20-\x7e]*$/.test(agent)) {
    return yield* invalid("userAgent", "The user agent contains characters that no HTTP header can hold.")
  }
  const phases = isPhases(options.timeout) ? options.timeout : { headers: options.timeout, body: options.timeout }
  const retry = options.retry ?? RetryPolicy.standard
  const transport = yield* Transport.make({
    origin: base.success.origin,
    auth: options.auth,
    dialect,
    concurrency,
    headersTimeout: Duration.fromInputUnsafe(phases.headers ?? "30 seconds"),
    bodyTimeout: Duration.fromInputUnsafe(phases.body ?? "60 seconds"),
    retry,
    userAgent: agent === "" ? product : `${agent} ${product}`,
    maxBodyBytes,
    compression: options.compression ?? true
  })
  const surroundings: Endpoint.Surroundings = { base: base.success, transport, dialect, pageSize, retry }

  const request = Effect.fn("ScimClient.request")(function*(raw: RawRequest) {
    const path = raw.path.startsWith("/") ? raw.path : `/${raw.path}`
    const response = yield* transport.send({
      method: raw.method,
      path,
      url: yield* Endpoint.located(ResourcePath.collection(base.success, path, raw.query)),
      // `/Users/2819c223` is a resource, `/Bulk` an endpoint.
      target: path.split("/").length > 2 ? "resource" : "service",
      headers: raw.headers,
      body: raw.body === undefined ? undefined : JSON.stringify(raw.body),
      repeatable: raw.repeatable ?? raw.method === "GET"
    })
    const out: RawResponse = { status: response.status, headers: response.headers, body: response.json }
    return out
  })

  /** What a server says about itself, or nothing: discovery is a help, never a condition. */
  const discover = Effect.fn("ScimClient.discover")(function*(path: string) {
    return (yield* request({ method: "GET", path })).body
  })
  /** A good answer is kept; after a bad one the next caller asks again. */
  const discovered = <A>(path: string, decode: (json: unknown) => A) => {
    let known: { readonly value: A } | undefined
    return Effect.suspend(() =>
      known === undefined
        ? discover(path).pipe(
          Effect.map((json) => (known = { value: decode(json) }).value),
          Effect.catch(() => Effect.succeed(decode(undefined)))
        )
        : Effect.succeed(known.value)
    )
  }

  return ScimClient.of({
    users: Client.make(ResourceKind.user, surroundings),
    groups: Client.make(ResourceKind.group, surroundings),
    resource: (kind) => Client.make(kind, surroundings),
    request,
    dialect,
    stats: Effect.sync(() => {
      const { bytesReceived, bytesSent, requests, retries, waitedMillis } = transport.counters
      return { requests, retries, waitedMillis, bytesReceived, bytesSent }
    }),
    serviceProviderConfig: discovered("/ServiceProviderConfig", Discovery.decodeServiceProviderConfig),
    resourceTypes: discovered("/ResourceTypes", Discovery.decodeResourceTypes),
    schemas: discovered("/Schemas", Discovery.decodeSchemas)
  })
})

/**
 * {@link ScimClient.layer} for those who import the module as a namespace.
 *
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<ScimClient, ScimError.ScimError, HttpClient.HttpClient> =>
  ScimClient.layer(options)
