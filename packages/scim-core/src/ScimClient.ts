/**
 * The client of one SCIM service.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import type { Auth } from "./Auth.ts"
import type { Dialect } from "./Dialect.ts"
import type { ResourceType, SchemaDefinition, ServiceProviderConfig } from "./Discovery.ts"
import type { Group, NewGroup } from "./Group.ts"
import type { ResourceClient } from "./ResourceClient.ts"
import type { ResourceKind } from "./ResourceKind.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import type { ScimError } from "./ScimError.ts"
import type { ScimResource } from "./ScimResource.ts"
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
  readonly dialect?: Dialect | undefined
  /** Most requests in flight. Default 8. */
  readonly concurrency?: number | undefined
  /** How long to wait for the beginning of an answer, and for the rest of it. Default 30 seconds and 60 seconds. */
  readonly timeout?:
    | Duration.Input
    | { readonly headers?: Duration.Input | undefined; readonly body?: Duration.Input | undefined }
    | undefined
  /** Default `RetryPolicy.standard`. */
  readonly retry?: RetryPolicy | undefined
  /** Put before this package's own product name. */
  readonly userAgent?: string | undefined
  /** Largest answer in bytes, after decompression. Default 32 MiB. */
  readonly maxBodyBytes?: number | undefined
  /** `count` of list requests. Default: the dialect's. */
  readonly pageSize?: number | undefined
  /** Ask for gzip. Default `true`. */
  readonly compression?: boolean | undefined
}

/** @since 0.1.0 */
export class ScimClient extends Context.Service<ScimClient, {
  readonly users: ResourceClient<User, NewUser>
  readonly groups: ResourceClient<Group, NewGroup>
  /** Operations on any other type of resource. */
  readonly resource: <A extends ScimResource, New>(kind: ResourceKind<A, New>) => ResourceClient<A, New>
  readonly dialect: Dialect
  readonly stats: Effect.Effect<RequestStats>
  /** Read once and kept. Everything is unknown where the server has none or an unreadable one. */
  readonly serviceProviderConfig: Effect.Effect<ServiceProviderConfig>
  /** Empty where the server has no readable list. */
  readonly resourceTypes: Effect.Effect<ReadonlyArray<ResourceType>>
  /** Empty where the server has no readable list. */
  readonly schemas: Effect.Effect<ReadonlyArray<SchemaDefinition>>
}>()("@access-kit/scim-core/ScimClient") {
  /** Fails with `InvalidConfiguration`. */
  declare static readonly make: (
    options: Options
  ) => Effect.Effect<ScimClient["Service"], ScimError, HttpClient.HttpClient>

  declare static readonly layer: (options: Options) => Layer.Layer<ScimClient, ScimError, HttpClient.HttpClient>
}

/** {@link ScimClient.make} for those who import the module as a namespace. @since 0.1.0 */
export declare const make: typeof ScimClient.make

/** {@link ScimClient.layer} for those who import the module as a namespace. @since 0.1.0 */
export declare const layer: typeof ScimClient.layer
