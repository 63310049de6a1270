/**
 * URLs of SCIM endpoints and resources, built so that no id and no query value can change which resource is meant (RFC 3986, RFC
 * 7644 §3.13 and §1.3).
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/**
 * A base URL, an endpoint or an id that no URL can be made of. The message never repeats a base URL, since it may hold a
 * secret.
 *
 * @since 0.1.0
 */
export class InvalidResourcePath extends Schema.TaggedError<InvalidResourcePath>()("InvalidResourcePath", {
  part: Schema.Literals(["baseUrl", "endpoint", "id", "query"]),
  message: Schema.String
}) {}

/**
 * A checked base URL. Made by {@link baseUrl}.
 *
 * @since 0.1.0
 */
export interface BaseUrl {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path without a trailing slash; `""` for the root. */
  readonly path: string
  /** Query of the base URL without `?`, sent with every request; `""` for none. */
  readonly query: string
}

/**
 * Query parameters by name. `undefined` ones are left out, the others keep their order.
 *
 * @since 0.1.0
 */
export interface Query {
  readonly [name: string]: string | number | boolean | undefined
}

const invalid = (part: InvalidResourcePath["part"], message: string): Result.Result<never, InvalidResourcePath> =>
  Result.fail(new InvalidResourcePath({ part, message }))

/**
 * Checks a base URL and takes it apart: http or https, with or without trailing slash, path and query; no user info, no
 * fragment. White space around it is dropped, as it comes from copying.
 *
 * @since 0.1.0
 */
export const baseUrl = (text: string): Result.Result<BaseUrl, InvalidResourcePath> => {
  const trimmed = text.trim()
  if (trimmed === "") {
    return invalid("baseUrl", "The SCIM base URL is empty. Give it as https://host/path.")
  }
  if (/[\s\p{Cc}]/u.test(trimmed)) {
    return invalid("baseUrl", "The SCIM base URL contains white space or control characters. Copy it again.")
  }
  const url = URL.parse(trimmed)
  if (url === null || !/^https?:\/\//i.test(trimmed)) {
    return invalid("baseUrl", "The SCIM base URL is no http or https URL. Give it as https://host/path.")
  }
  if (url.username !== "" || url.password !== "") {
    return invalid(
      "baseUrl",
      "The SCIM base URL contains a user name or password. Take it out and give the credential as the token."
    )
  }
  if (trimmed.includes("#")) {
    return invalid("baseUrl", "The SCIM base URL contains a fragment (#…), which is never sent. Take it out.")
  }
  return Result.succeed({
    origin: url.origin,
    path: withoutTrailingSlashes(url.pathname),
    query: url.search.replace(/^\?/, "")
  })
}

// A loop, since the regular expression for it takes quadratic time on a long run of slashes inside the text.
const withoutTrailingSlashes = (path: string): string => {
  let end = path.length
  while (end > 0 && path[end - 1] === "/") {
    end--
  }
  return path.slice(0, end)
}

/**
 * The base URL itself as text, without a trailing slash and without its query.
 *
 * @since 0.1.0
 */
export const printBaseUrl = (base: BaseUrl): string => `${base.origin}${base.path}`

/**
 * URL of an endpoint, such as `/Users`, `Users`, `/.search` or `/Users/.search`; also of one that discovery gave as an absolute URL,
 * if that lies under the base URL. The token would go wherever the URL points, so every other place is refused.
 *
 * @since 0.1.0
 */
export const collection = (
  base: BaseUrl,
  endpoint: string,
  query?: Query
): Result.Result<string, InvalidResourcePath> => {
  const path = endpointPath(base, endpoint)
  return Result.isFailure(path) ? Result.fail(path.failure) : withQuery(base, path.success, query)
}

/**
 * URL of one resource. The id is percent-encoded as one whole segment, whatever is in it.
 *
 * @since 0.1.0
 */
export const resource = (
  base: BaseUrl,
  endpoint: string,
  id: string,
  query?: Query
): Result.Result<string, InvalidResourcePath> => {
  const path = endpointPath(base, endpoint)
  if (Result.isFailure(path)) {
    return Result.fail(path.failure)
  }
  if (id === "") {
    return invalid("id", "The id is empty, so the request would go to all resources instead of one.")
  }
  // Every URL parser takes these for "here" and "one up", percent-encoded or not.
  if (id === "." || id === "..") {
    return invalid("id", `The id ${JSON.stringify(id)} cannot be part of a URL.`)
  }
  if (!id.isWellFormed()) {
    return invalid("id", "The id contains half a character (a lone surrogate), so it cannot be part of a URL.")
  }
  return withQuery(base, `${path.success}/${encodeSegment(id)}`, query)
}

const endpointPath = (base: BaseUrl, endpoint: string): Result.Result<string, InvalidResourcePath> => {
  let relative = endpoint
  if (/^[a-z][a-z0-9+.-]*:/i.test(endpoint) || endpoint.startsWith("//")) {
    const prefix = `${base.origin}${base.path}/`
    const url = URL.parse(endpoint)
    if (url === null || !url.href.startsWith(prefix) || url.search !== "" || url.hash !== "") {
      return invalid(
        "endpoint",
        "The endpoint is a URL outside the SCIM base URL; the token is not sent there. Use a path relative to the base URL."
      )
    }
    relative = url.href.slice(prefix.length)
  }
  const segments = withoutTrailingSlashes(relative.replace(/^\/+/, "")).split("/")
  for (const segment of segments) {
    if (!/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+$/.test(segment) || /^(?:\.|%2e){1,2}$/i.test(segment)) {
      return invalid("endpoint", `${JSON.stringify(endpoint)} is no endpoint path such as "/Users".`)
    }
  }
  return Result.succeed(`/${segments.join("/")}`)
}

const withQuery = (
  base: BaseUrl,
  path: string,
  query: Query | undefined
): Result.Result<string, InvalidResourcePath> => {
  const pairs: Array<string> = []
  const own = new Set<string>()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) {
      continue
    }
    const text = String(value)
    if (!name.isWellFormed() || !text.isWellFormed()) {
      return invalid(
        "query",
        "A query parameter contains half a character (a lone surrogate), so it cannot be part of a URL."
      )
    }
    own.add(name)
    pairs.push(`${encodeQuery(name)}=${encodeQuery(text)}`)
  }
  // A parameter of the request replaces one of the same name in the base URL; sent twice, servers pick either.
  const kept = base.query.split("&").filter((pair) => pair !== "" && !own.has(nameOf(pair)))
  const all = [...kept, ...pairs]
  return Result.succeed(`${base.origin}${base.path}${path}${all.length === 0 ? "" : `?${all.join("&")}`}`)
}

const nameOf = (pair: string): string => [...new URLSearchParams(pair).keys()][0] ?? pair

/** Stricter than `encodeURIComponent`, which leaves five characters that some servers and proxies treat as special. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

// The same, so that a space is %20 and a plus %2B: the form that every server reads alike.
const encodeQuery = encodeSegment
