/** Partial resources: `attributes` and `excludedAttributes` (RFC 7644 section 3.9). */
import { isJsonObject, type JsonObject } from "./Json.ts"
import { type ResourceDefinition, splitPath } from "./Schemas.ts"

export interface Projection {
  readonly mode: "only" | "without"
  readonly paths: ReadonlyArray<string>
}

/** `attributes` wins where a client sends both, which the RFC calls mutually exclusive. */
export const make = (
  attributes: ReadonlyArray<string>,
  excludedAttributes: ReadonlyArray<string>
): Projection | undefined =>
  attributes.length > 0
    ? { mode: "only", paths: attributes }
    : excludedAttributes.length > 0
    ? { mode: "without", paths: excludedAttributes }
    : undefined

const always = new Set(["schemas", "id"])

const keyOf = (object: JsonObject, name: string): string | undefined => {
  const folded = name.toLowerCase()
  return Object.keys(object).find((key) => key.toLowerCase() === folded)
}

const keep = (from: JsonObject, to: JsonObject, names: ReadonlyArray<string>): void => {
  const [name, ...rest] = names
  const key = name === undefined ? undefined : keyOf(from, name)
  if (key === undefined) return
  const value = from[key]
  if (rest.length === 0) {
    to[key] = value
  } else if (Array.isArray(value)) {
    const before = to[key]
    to[key] = value.map((item, at) => {
      const kept: JsonObject = Array.isArray(before) && isJsonObject(before[at]) ? before[at] : {}
      if (isJsonObject(item)) keep(item, kept, rest)
      return kept
    })
  } else if (isJsonObject(value)) {
    const before = to[key]
    const kept: JsonObject = isJsonObject(before) ? before : {}
    keep(value, kept, rest)
    to[key] = kept
  }
}

const drop = (from: JsonObject, names: ReadonlyArray<string>): JsonObject => {
  const [name, ...rest] = names
  const key = name === undefined ? undefined : keyOf(from, name)
  if (key === undefined) return from
  const { [key]: value, ...others } = from
  if (rest.length === 0) return others
  const pruned = Array.isArray(value)
    ? value.map((item: unknown) => (isJsonObject(item) ? drop(item, rest) : item))
    : isJsonObject(value)
    ? drop(value, rest)
    : value
  return { ...from, [key]: pruned }
}

/** `schemas` and `id` are always returned (RFC 7643 section 3.1). */
export const apply = (resource: JsonObject, projection: Projection, definition: ResourceDefinition): JsonObject => {
  const paths = projection.paths.map((path) => {
    const { extension, names } = splitPath(path, definition)
    return extension === undefined ? names : [extension.id, ...names]
  })
  if (projection.mode === "only") {
    const kept: JsonObject = {}
    for (const name of always) if (name in resource) kept[name] = resource[name]
    for (const names of paths) keep(resource, kept, names)
    return kept
  }
  return paths
    .filter((names) => !(names.length === 1 && always.has(names[0] ?? "")))
    .reduce((rest, names) => drop(rest, names), resource)
}
