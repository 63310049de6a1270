/**
 * What a server answers and this version does not know.
 *
 * @since 0.1.0
 */
import type { Calls } from "./Calls.ts"

/**
 * @since 0.1.0
 */
export const unexpected = (calls: Calls, operation: string, what: string | undefined) =>
  calls.failed(
    operation,
    "UnexpectedResponse",
    `The server at ${calls.address} answers ${what ?? "nothing"} where that makes no sense. Is it of another version?`
  )
