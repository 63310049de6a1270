/**
 * URLs of SCIM endpoints and resources, built so that no id or query value can change which resource is meant (RFC 3986).
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/**
 * The base URL, an endpoint or an id cannot be part of a URL.
 *
 * @since 0.1.0
 */
export class InvalidResourcePath extends Schema.TaggedError<InvalidResourcePath>()("InvalidResourcePath", {
  message: Schema.String
}) {}

/**
 * A checked base URL: http or https, no user info, no fragment.
 *
 * @since 0.1.0
 */
export interface BaseUrl {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path without a trailing slash, `""` for the root. */
  readonly path: string
  /** Query of the base URL without `?`, sent with every request; `""` for none. */
  readonly query: string
}

/**
 * Query parameters. `undefined` values are left out.
 *
 * @since 0.1.0
 */
export type Query = { readonly [name: string]: string | number | boolean | undefined }

/**
 * Checks and takes apart a base URL, with or without a trailing slash.
 *
 * @since 0.1.0
 */
export declare const baseUrl: (text: string) => Result.Result<BaseUrl, InvalidResourcePath>

/**
 * URL of an endpoint, such as `/Users`.
 *
 * @since 0.1.0
 */
export declare const collection: (
  base: BaseUrl,
  endpoint: string,
  query?: Query
) => Result.Result<string, InvalidResourcePath>

/**
 * URL of one resource. The id is percent-encoded whole.
 *
 * @since 0.1.0
 */
export declare const resource: (
  base: BaseUrl,
  endpoint: string,
  id: string,
  query?: Query
) => Result.Result<string, InvalidResourcePath>
