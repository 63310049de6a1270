/**
 * The subcommands beside the default one, which syncs or makes one change.
 *
 * @since 0.1.0
 */
import type * as ConnectorChild from "../ConnectorChild.ts"
import type { FlagSpec } from "./FlagSpec.ts"

/** Written out, because the module is large and `--help` need not load it; the type keeps the two the same. */
const CHILD: typeof ConnectorChild.COMMAND = "_connector-service"

/**
 * @since 0.1.0
 */
export interface Subcommand {
  readonly name: string
  readonly description: string
  /** Flags that no other subcommand has. They have no environment variable. */
  readonly flags: ReadonlyArray<FlagSpec>
  /** Whether the settings of the connector may be given. */
  readonly takesConnectorFlags: boolean
  /** The one word that may follow. */
  readonly argument?: { readonly name: string; readonly choices: ReadonlyArray<string> }
  readonly hidden?: boolean
}

/**
 * @since 0.1.0
 */
export const shells = ["bash", "zsh", "fish", "powershell"] as const

const names = [
  "capabilities",
  "config",
  "health-check",
  "serve",
  "completion",
  "help",
  CHILD
] as const

/**
 * @since 0.1.0
 */
export const all: ReadonlyArray<Subcommand> = [
  {
    name: "capabilities",
    description: "Print what the connector can do, as JSON",
    flags: [],
    takesConnectorFlags: true
  },
  {
    name: "config",
    description: "Print the configuration that the connector asks for, as JSON",
    flags: [],
    takesConnectorFlags: false
  },
  {
    name: "health-check",
    description: "Ask the health endpoint of a connector that runs; exit code 0 says that all is well",
    flags: [
      {
        name: "endpoint",
        kind: "string",
        description: "Which endpoint: health, ready or live",
        defaultText: "health",
        choices: ["health", "ready", "live"]
      },
      {
        name: "timeout",
        kind: "integer",
        description: "Longest wait, in seconds",
        defaultText: "5",
        bounds: { minimum: 1, maximum: 3_600 }
      }
    ],
    takesConnectorFlags: true
  },
  {
    name: "serve",
    description: "Serve the connector over gRPC",
    flags: [
      {
        name: "listen",
        kind: "string",
        description: "HOST:PORT; port 0 takes a free one. Without TLS only an address of this machine",
        defaultText: "127.0.0.1:0"
      },
      { name: "tls-certificate", kind: "string", description: "PEM file with the server's certificate (TLS)" },
      { name: "tls-key", kind: "string", description: "PEM file with its private key, PKCS #8 (TLS)" },
      {
        name: "tls-client-authority",
        kind: "string",
        description: "PEM file with the authority of client certificates (mTLS): callers without one are refused"
      }
    ],
    takesConnectorFlags: true
  },
  {
    name: "completion",
    description: "Print a completion script for a shell",
    flags: [],
    takesConnectorFlags: true,
    argument: { name: "shell", choices: shells }
  },
  {
    name: "help",
    description: "Say how to use the command, or a subcommand",
    flags: [],
    takesConnectorFlags: true,
    argument: { name: "command", choices: names }
  },
  {
    name: CHILD,
    description: "Serve the connector to the process that started it",
    flags: [],
    takesConnectorFlags: true,
    hidden: true
  }
]

/**
 * @since 0.1.0
 */
export const find = (name: string): Subcommand | undefined => all.find((subcommand) => subcommand.name === name)
