/**
 * The settings with which a command asks a `claude-enterprise-server` instead of the SCIM endpoint.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"

/**
 * @since 0.1.0
 */
export const fields = {
  server: ConfigField.url({
    name: "server",
    displayName: "Server URL",
    description: "Ask this claude-enterprise-server instead of the SCIM endpoint",
    placeholder: "URL"
  }),
  serverToken: ConfigField.secret({
    name: "server-token",
    displayName: "Server token",
    description: "A token of the server, as claude-enterprise-server token create makes it"
  }),
  connector: ConfigField.optional(ConfigField.text({
    name: "connector",
    displayName: "Connector",
    description: "Which connector of the server, where it has several",
    placeholder: "NAME|ID"
  }))
} as const

/**
 * What they are decoded to.
 *
 * @since 0.1.0
 */
export type ServerSettings = ConfigField.Values<typeof fields>

/**
 * `CLAUDE_ENTERPRISE_SERVER`, `CLAUDE_ENTERPRISE_SERVER_TOKEN`, `CLAUDE_ENTERPRISE_CONNECTOR`. The server's own settings begin with
 * `CLAUDE_ENTERPRISE_SERVER_` too, and none of them is a token.
 *
 * @since 0.1.0
 */
export const variableOf = (field: ConfigField.ConfigField): string =>
  `CLAUDE_ENTERPRISE_${field.name.toUpperCase().replaceAll("-", "_")}`

/**
 * Whether the token would go over the network in the clear. A SCIM URL of that kind is refused for the same reason.
 *
 * @since 0.1.0
 */
export const isExposed = (address: string): boolean => {
  const { hostname, protocol } = new URL(address)
  const isLoopback = hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]"
    || /^127(?:\.\d{1,3}){3}$/.test(hostname)
  return protocol === "http:" && !isLoopback
}
