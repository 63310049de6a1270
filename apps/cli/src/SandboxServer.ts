/**
 * The embedded SCIM server. Loaded only by the command that runs it.
 *
 * @since 0.1.0
 */
export * as Directory from "@access-kit/scim-sandbox/Directory"
export * as Profile from "@access-kit/scim-sandbox/Profile"
export * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
