/**
 * Error bodies of every shape that SCIM servers send (RFC 7644 §3.12 and what is seen in the wild).
 *
 * @since 0.1.0
 */

/**
 * What an error body says. Every part is optional; texts are clipped.
 *
 * @since 0.1.0
 */
export interface ErrorResponse {
  /** HTTP status as the body names it, 100 to 599. */
  readonly status: number | undefined
  /** RFC 7644 table 9 or any other word the server uses. */
  readonly scimType: string | undefined
  readonly detail: string | undefined
}

/**
 * Reads the text of an error body. Never throws; an empty or unreadable body gives three times `undefined`.
 * `detail` has at most `maxDetail` characters (default 500).
 *
 * @since 0.1.0
 */
export declare const decodeText: (body: string, maxDetail?: number) => ErrorResponse

/**
 * Reads an error body that is already parsed.
 *
 * @since 0.1.0
 */
export declare const decode: (body: unknown, maxDetail?: number) => ErrorResponse
