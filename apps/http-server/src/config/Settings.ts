/**
 * Every setting of the server, declared once: its flag, its environment variable, its key in the configuration file, its line in `--help` and in the
 * documentation are all read off here.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as IpNetwork from "effect/net/IpNetwork"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080` for every address. */
const address = (words: Parameters<typeof ConfigField.text>[0]): ConfigField.ConfigField<
  { readonly host: string; readonly port: number }
> => ({
  ...ConfigField.text(words),
  decode: (given) => {
    const [, bracketed, plain, digits] = /^\s*(?:\[([0-9a-f:.]+)\]|([^\s:]*)):(\d{1,5})\s*$/i.exec(given) ?? []
    const port = Number(digits)
    return digits === undefined || port > 65_535
      ? Result.fail(`${words.displayName} must be a host and a port, such as 127.0.0.1:8080 or [::1]:8080.`)
      : Result.succeed({ host: bracketed ?? (plain === undefined || plain === "" ? "::" : plain), port })
  }
})

/** A secret of several lines; what they must be is for `SecretBox` to say. */
const keys = (words: Parameters<typeof ConfigField.secret>[0]): ConfigField.ConfigField<Redacted.Redacted<string>> => ({
  ...ConfigField.secret(words),
  decode: (given) =>
    given.trim() === ""
      ? Result.fail(`${words.displayName} is empty.`)
      : Result.succeed(Redacted.make(given, { label: words.name }))
})

/** Words with commas in between; in the configuration file a list. */
const list = <A>(
  words: Parameters<typeof ConfigField.text>[0],
  each: (word: string) => Result.Result<A, string>
): ConfigField.ConfigField<ReadonlyArray<A>> => ({
  ...ConfigField.withDefault(ConfigField.text(words), ""),
  decode: (given) => {
    const values: Array<A> = []
    for (const word of given.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
      const value = each(word)
      if (Result.isFailure(value)) return Result.fail(value.failure)
      values.push(value.success)
    }
    return Result.succeed(values)
  }
})

const origin = (word: string): Result.Result<string, string> => {
  const parsed = URL.parse(word)
  return parsed !== null && parsed.origin === word
    ? Result.succeed(word)
    : Result.fail(`${JSON.stringify(word)} is no origin such as https://console.example.com, without a path.`)
}

const network = (word: string): Result.Result<IpNetwork.IpNetwork, string> =>
  Result.mapError(
    IpNetwork.fromString(word.includes("/") ? word : `${word}/${word.includes(":") ? 128 : 32}`),
    () => `${JSON.stringify(word)} is neither an address nor a network such as 10.0.0.0/8.`
  )

/**
 * @since 0.1.0
 */
export const fields = {
  listen: ConfigField.withDefault(
    address({
      name: "listen",
      displayName: "Listen address",
      description: "Where the API listens",
      placeholder: "HOST:PORT"
    }),
    "127.0.0.1:8080"
  ),
  publicUrl: ConfigField.optional(ConfigField.url({
    name: "public-url",
    displayName: "Public URL",
    description: "How callers reach the server, if a proxy is in front of it"
  })),
  tlsCertFile: ConfigField.optional(ConfigField.text({
    name: "tls-cert-file",
    displayName: "TLS certificate",
    description: "PEM file with the certificate and its chain; the API then speaks HTTPS",
    placeholder: "FILE"
  })),
  tlsKeyFile: ConfigField.optional(ConfigField.text({
    name: "tls-key-file",
    displayName: "TLS key",
    description: "PEM file with the key of the certificate",
    placeholder: "FILE"
  })),
  dataDir: ConfigField.withDefault(
    ConfigField.text({
      name: "data-dir",
      displayName: "Data directory",
      description: "Where the database, the snapshots and a generated encryption key are, unless told otherwise",
      placeholder: "DIR"
    }),
    "claude-enterprise-data"
  ),
  databaseUrl: ConfigField.optional(ConfigField.secret({
    name: "database-url",
    displayName: "Database URL",
    description:
      "postgres://… for PostgreSQL, which several processes can share; SQLite in the data directory otherwise"
  })),
  snapshotStore: ConfigField.optional(ConfigField.text({
    name: "snapshot-store",
    displayName: "Snapshot store",
    description: "A directory, or s3://bucket/prefix; the data directory otherwise",
    placeholder: "DIR|S3-URL"
  })),
  s3Endpoint: ConfigField.optional(ConfigField.url({
    name: "s3-endpoint",
    displayName: "S3 endpoint",
    description: "Address of an S3-compatible store other than AWS"
  })),
  s3Region: ConfigField.withDefault(
    ConfigField.text({ name: "s3-region", displayName: "S3 region", description: "Region of the bucket" }),
    "us-east-1"
  ),
  s3AccessKeyId: ConfigField.optional(ConfigField.text({
    name: "s3-access-key-id",
    displayName: "S3 access key id",
    description: "Who the server is to the S3 store"
  })),
  s3SecretAccessKey: ConfigField.optional(ConfigField.secret({
    name: "s3-secret-access-key",
    displayName: "S3 secret access key",
    description: "The key that goes with the access key id"
  })),
  encryptionKey: ConfigField.optional(keys({
    name: "encryption-key",
    displayName: "Encryption key",
    description:
      "Encrypts connector secrets in the database; a line for each key, the current one first. Without it one is made in the data directory"
  })),
  runnerAddress: ConfigField.optional(address({
    name: "runner-address",
    displayName: "Runner address",
    description: "Where other processes on the same PostgreSQL reach this one; a private address",
    placeholder: "HOST:PORT"
  })),
  runnerListen: ConfigField.optional(address({
    name: "runner-listen",
    displayName: "Runner listen address",
    description: "Where this process listens for the others, if that is not the runner address",
    placeholder: "HOST:PORT"
  })),
  corsOrigins: list({
    name: "cors-origins",
    displayName: "CORS origins",
    description: "Origins whose pages may call the API, with commas in between; none if empty",
    placeholder: "ORIGINS"
  }, origin),
  trustedProxies: list({
    name: "trusted-proxies",
    displayName: "Trusted proxies",
    description: "Addresses or networks of proxies whose X-Forwarded-For is believed, with commas in between",
    placeholder: "NETWORKS"
  }, network),
  maxBodyBytes: ConfigField.withDefault(
    ConfigField.integer({
      name: "max-body-bytes",
      displayName: "Body limit",
      description: "Largest request body"
    }, { minimum: 1_024, maximum: 64 * 1024 * 1024 }),
    "1048576"
  ),
  requestsPerMinute: ConfigField.withDefault(
    ConfigField.integer({
      name: "requests-per-minute",
      displayName: "Rate limit",
      description: "Requests that one token may make per minute"
    }, { minimum: 1, maximum: 10_000_000 }),
    "6000"
  ),
  maxConcurrentRequests: ConfigField.withDefault(
    ConfigField.integer({
      name: "max-concurrent-requests",
      displayName: "Concurrency limit",
      description: "Requests that are served at the same time; others are told to come again"
    }, { minimum: 1, maximum: 100_000 }),
    "256"
  ),
  maxEventStreams: ConfigField.withDefault(
    ConfigField.integer({
      name: "max-event-streams",
      displayName: "Event stream limit",
      description: "Event streams that are open at the same time"
    }, { minimum: 1, maximum: 100_000 }),
    "100"
  ),
  requestTimeout: ConfigField.withDefault(
    ConfigField.duration({
      name: "request-timeout",
      displayName: "Request timeout",
      description: "A request that has not arrived in whole by then is given up"
    }),
    "30s"
  ),
  idleTimeout: ConfigField.withDefault(
    ConfigField.duration({
      name: "idle-timeout",
      displayName: "Idle timeout",
      description: "A connection on which nothing moves for so long is closed"
    }),
    "2m"
  ),
  otlpEndpoint: ConfigField.optional(ConfigField.url({
    name: "otlp-endpoint",
    displayName: "OTLP endpoint",
    description: "Where traces and logs are sent, over HTTP, for example http://127.0.0.1:4318"
  })),
  otlpHeaders: ConfigField.optional(ConfigField.secret({
    name: "otlp-headers",
    displayName: "OTLP headers",
    description: "Headers for the OTLP endpoint: name=value, with commas in between"
  })),
  logLevel: ConfigField.withDefault(
    ConfigField.choice(
      { name: "log-level", displayName: "Log level", description: "What is too small to be logged is left out" },
      ["debug", "info", "warn", "error"]
    ),
    "info"
  ),
  logFormat: ConfigField.withDefault(
    ConfigField.choice(
      { name: "log-format", displayName: "Log format", description: "JSON for machines, text for people" },
      ["json", "text"]
    ),
    "json"
  )
} as const

/**
 * What the settings are decoded to.
 *
 * @since 0.1.0
 */
export type Settings = ConfigField.Values<typeof fields>

/**
 * `CLAUDE_ENTERPRISE_SERVER_LISTEN`
 *
 * @since 0.1.0
 */
export const environmentName = (name: string): string =>
  `CLAUDE_ENTERPRISE_SERVER_${name.toUpperCase().replaceAll("-", "_")}`
