/**
 * What the handlers work with: the client, and what is known about the server behind it.
 */
import type { ScimClient } from "@access-kit/scim-core/ScimClient"
import type { Service } from "./Service.ts"

export interface Backend {
  readonly client: ScimClient["Service"]
  readonly service: Service
  /** Most single reads at a time, where a listing needs them; the client has a limit of its own over all requests. */
  readonly concurrency: number
  /** Groups to ask for in one page when their members come along. */
  readonly groupsPerPage: number
}
