/**
 * The words of a server without what they may say about a directory: people who read a bug report may not see it.
 */

/** Names of the protocol, which stay readable in quotes. */
const protocol =
  /^(schemas|id|externalId|meta|userName|name|displayName|active|emails|groups|members|value|type|filter|attributes|excludedAttributes|sortBy|sortOrder|startIndex|count|cursor|Users?|Groups?|Bulk|GET|POST|PUT|PATCH|DELETE|true|false|null)$/i

/**
 * `text` less `named`, addresses of any kind, paths, what stands in quotes and words with digits that are long enough to be an id or a key.
 */
export const anonymous = (text: string, named: Iterable<string>): string => {
  let out = text
  for (const value of [...named].sort((a, b) => b.length - a.length)) {
    if (value.length === 0) continue
    for (const form of [value, encodeURIComponent(value)]) out = out.replaceAll(form, "…")
  }
  return out
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, "<url>")
    .replace(/[^\s"'<>@(]+@[^\s"'<>@)]+/g, "<address>")
    .replace(/(?<![\w.])(?:[\w-]+\.){2,}[a-z]{2,}(?::\d+)?\b/gi, (name) => /^\d/.test(name) ? name : "<host>")
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, "<host>")
    .replace(/(?<![\w<])\/[^\s"'<>]*[\w)][^\s"'<>]*/g, "<path>")
    .replace(
      /(["'`\u201c\u2018])([^"'`\u201d\u2019]+)(["'`\u201d\u2019])/g,
      (whole, open: string, value: string, close: string) => protocol.test(value) ? whole : `${open}…${close}`
    )
    .replace(/(?=[\w-]*\d)[\w-]{8,}/g, "…")
}
