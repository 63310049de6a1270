/**
 * The operations on one type of resource (RFC 7644 §3).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Page, PageRequest, Query } from "./Page.ts"
import type { StartOptions, WalkState } from "./Pagination.ts"
import type { Patch } from "./Patch.ts"
import type { ResourceKind } from "./ResourceKind.ts"
import type { ScimError } from "./ScimError.ts"
import type { Finding, JsonObject, ScimResource } from "./ScimResource.ts"

/** @since 0.1.0 */
export interface ReadOptions {
  readonly attributes?: ReadonlyArray<string> | undefined
  readonly excludedAttributes?: ReadonlyArray<string> | undefined
}

/** @since 0.1.0 */
export interface WriteOptions {
  /**
   * Entity tag that the resource must still have (`If-Match`), from `meta.version`. Not sent where the dialect says that
   * the server does not know entity tags.
   */
  readonly ifMatch?: string | undefined
}

/** @since 0.1.0 */
export interface PatchOptions extends WriteOptions {
  /**
   * Whether the patch may be sent again when nobody knows whether the server carried it out. Default: only if all its
   * operations replace or remove, since some servers store a member twice that is added twice.
   */
  readonly repeatable?: boolean | undefined
}

/** @since 0.1.0 */
export interface WalkOptions extends Query, Pick<StartOptions, "method" | "maxPages"> {
  /**
   * Ask for the last row of a page again with the next one, so that rows that moved up past the border are noticed. Default
   * `true`. Without it only the total is held against what came, which cannot tell a row that came from one that went.
   */
  readonly overlap?: boolean | undefined
  /** `count` to ask for, at least 2 where pages overlap. Default: the client's. */
  readonly pageSize?: number | undefined
  /**
   * Pages fetched at the same time once the server has said how many rows there are. Default 1. Rows come in the order of
   * the list either way.
   */
  readonly concurrency?: number | undefined
  /**
   * How often the walk begins again when the directory changed under it, or rows are missing. What was given already is
   * not given again. Default 1.
   */
  readonly maxRewalks?: number | undefined
}

/** @since 0.1.0 */
export interface List<A> {
  readonly resources: ReadonlyArray<A>
  /** Rows that came more than once and were left out. */
  readonly duplicates: number
  readonly findings: ReadonlyArray<Finding>
}

/** One step of a walk whose state the caller keeps. @since 0.1.0 */
export interface WalkStep<A> {
  /** Rows that were not in the page before. */
  readonly resources: ReadonlyArray<A>
  readonly totalResults: number | undefined
  readonly findings: ReadonlyArray<Finding>
  readonly next: Option.Option<WalkState>
  /** See `Pagination.Advance`. */
  readonly siblings: ReadonlyArray<WalkState>
}

/** What became of a create request. @since 0.1.0 */
export type Creation<A> =
  | { readonly _tag: "Created"; readonly resource: A }
  /** The server answered that it exists, and exactly one resource has the same natural key. */
  | { readonly _tag: "Existing"; readonly resource: A }

/** What a look-up by natural key found. @since 0.1.0 */
export type Lookup<A> =
  | { readonly _tag: "Found"; readonly resource: A }
  | { readonly _tag: "Absent" }
  /** Several fit, or the server ignored the filter, so that nothing can be said. */
  | { readonly _tag: "Inconclusive"; readonly matches: number }

/** @since 0.1.0 */
export type Deletion = "Deleted" | "DidNotExist"

/** @since 0.1.0 */
export interface ResourceClient<A extends ScimResource, in New = JsonObject> {
  readonly kind: ResourceKind<A, New>

  /** One resource by id. `NotFound` if there is none. */
  readonly get: (id: string, options?: ReadOptions) => Effect.Effect<A, ScimError>

  /** `None` when the resource still has this entity tag (`If-None-Match`, 304). */
  readonly getIfChanged: (
    id: string,
    etag: string,
    options?: ReadOptions
  ) => Effect.Effect<Option.Option<A>, ScimError>

  /** One page, as asked. No guard of a walk applies. */
  readonly page: (request?: PageRequest) => Effect.Effect<Page<A>, ScimError>

  /** One page by `POST …/.search`, where filters may be long and stay out of access logs (RFC 7644 §3.4.3). */
  readonly search: (request?: PageRequest) => Effect.Effect<Page<A>, ScimError>

  /** The first state of a walk with this client's page size, paging method and first index. */
  readonly startWalk: (options?: StartOptions) => WalkState

  /** One page of a walk whose state the caller keeps, with every guard that needs no memory of earlier ids. */
  readonly walk: (state: WalkState, query?: Query) => Effect.Effect<WalkStep<A>, ScimError>

  /**
   * The whole list: each id once, or a typed error. Memory is some pages, and the ids.
   */
  readonly stream: (options?: WalkOptions) => Stream.Stream<A, ScimError>

  /** {@link ResourceClient.stream} collected. */
  readonly list: (options?: WalkOptions) => Effect.Effect<List<A>, ScimError>

  /**
   * Creates a resource. A POST is never repeated blindly: after a timeout or a broken answer the resource is looked up by
   * its natural key, taken if it is there, and asked for again only if it certainly is not.
   */
  readonly create: (resource: New) => Effect.Effect<A, ScimError>

  /** Like `create`, and a `Conflict` is settled by a look-up; it stays a `Conflict` when that finds no single exact match. */
  readonly createOrFind: (resource: New) => Effect.Effect<Creation<A>, ScimError>

  /** Looks for the one resource with the natural key of `resource`. Every row of the answer is checked again. */
  readonly find: (resource: New) => Effect.Effect<Lookup<A>, ScimError>

  /** Resources whose attribute has this value, checked again row by row; a server that ignores filters gives `NotSupported`. */
  readonly findBy: (
    attribute: string,
    value: string,
    options?: ReadOptions & { readonly caseExact?: boolean | undefined }
  ) => Effect.Effect<ReadonlyArray<A>, ScimError>

  /** PUT. `None` when the server answers without a body. */
  readonly replace: (
    id: string,
    resource: New,
    options?: WriteOptions
  ) => Effect.Effect<Option.Option<A>, ScimError>

  /** PATCH, in several requests where the dialect limits their size. `None` when the server answers without a body. */
  readonly patch: (id: string, patch: Patch, options?: PatchOptions) => Effect.Effect<Option.Option<A>, ScimError>

  /** A resource that is not there counts as success. */
  readonly delete: (id: string, options?: WriteOptions) => Effect.Effect<Deletion, ScimError>
}
