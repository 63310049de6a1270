/**
 * What a body looks like without what it says: names and types, so that it can be shown to people who may not see the directory.
 */
import * as Predicate from "effect/Predicate"

/** Numbers that speak of the list, not of a person. */
const counts =
  /^(totalResults|startIndex|itemsPerPage|maxResults|maxOperations|maxPayloadSize|defaultPageSize|maxPageSize|cursorTimeout)$/i

const shape = (value: unknown, name: string, depth: number): string => {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]"
    if (/^schemas$/i.test(name)) {
      return `[${
        value.map((item) => typeof item === "string" && item.startsWith("urn:") ? item : typeof item).join(", ")
      }]`
    }
    return `[${value.length} × ${depth === 0 ? "…" : shape(value[0], name, depth - 1)}]`
  }
  if (Predicate.isObject(value)) {
    if (depth === 0) return "{…}"
    const names = Object.entries(value).slice(0, 40).map(([key, item]) =>
      // Names come from the server as well; those that are no names of attributes are not shown.
      `${/^[\w$:.-]{1,100}$/.test(key) ? key : "…"}: ${shape(item, key, depth - 1)}`
    )
    return `{ ${names.join(", ")} }`
  }
  if (value === null) return "null"
  if (value === undefined) return ""
  return (typeof value === "number" && counts.test(name)) || (typeof value === "boolean" && /^supported$/i.test(name))
    ? String(value)
    : typeof value
}

export const shapeOf = (body: unknown): string => shape(body, "", 6)
