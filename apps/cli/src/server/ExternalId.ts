/**
 * The id that the customer's own directory gave a resource. A snapshot has it in the profile only, and so has a server's directory.
 *
 * @since 0.1.0
 */
import type { Resource } from "@access-kit/connector-model/Resource"

/**
 * The resource with its `externalId`, if its profile has one.
 *
 * @since 0.1.0
 */
export const restore = <A extends Resource>(resource: A): A => {
  const externalId = resource.profile?.["external_id"]
  return resource.externalId === undefined && typeof externalId === "string" && externalId !== ""
    ? { ...resource, externalId }
    : resource
}
