/**
 * A SCIM resource as it came, with access that does not care about the case of names (RFC 7643 §2.1) and a place to
 * report what had to be forgiven while reading it.
 *
 * Decoders in this package never fail over the shape of an attribute: what cannot be read counts as absent and leaves
 * a {@link Finding}. The answer itself is always kept as `raw`.
 *
 * @since 0.1.0
 */
import * as decoding from "./internal/decoding.ts"

/**
 * A JSON object as parsed, before anything is known about its attributes.
 *
 * @since 0.1.0
 */
export interface JsonObject {
  readonly [name: string]: unknown
}

/**
 * What kind of deviation a decoder forgave.
 *
 * - `NameCase`: an attribute name in another case than the RFC's.
 * - `NameConflict`: two names that differ only in case; the exact one was used, else the first.
 * - `Null`: a JSON null among the values of a list.
 * - `NumberAsString`: a number where a string belongs (an id for example); read as its decimal text.
 * - `BooleanForm`: a boolean written as a string or a number.
 * - `Single`: one value where a list belongs.
 * - `BareValue`: a plain string where a complex value belongs.
 * - `ReferenceOnly`: an id that had to be taken from the tail of `$ref`.
 * - `Duplicate`: a value that was there already, dropped.
 * - `MissingId`: a resource or member without any id, dropped.
 * - `Malformed`: a value that could not be read; treated as absent.
 * - `Shape`: a whole body of another shape than the RFC's, read all the same.
 *
 * @since 0.1.0
 */
export type FindingKind =
  | "NameCase"
  | "NameConflict"
  | "Null"
  | "NumberAsString"
  | "BooleanForm"
  | "Single"
  | "BareValue"
  | "ReferenceOnly"
  | "Duplicate"
  | "MissingId"
  | "Malformed"
  | "Shape"

/**
 * One kind of deviation at one attribute, and how often it was seen.
 *
 * `attribute` is a path such as `User.active`, with the RFC's spelling; `note` says what was done about it. Neither holds values of the
 * directory, so findings may be logged.
 *
 * @since 0.1.0
 */
export interface Finding {
  readonly attribute: string
  readonly kind: FindingKind
  readonly note: string
  /** How many times it was seen, at least 1. */
  readonly count: number
}

/**
 * Collects findings. Equal ones are counted, not stored again, so that memory stays bounded however large the
 * directory is.
 *
 * @since 0.1.0
 */
export class Findings {
  private readonly byKind = new Map<FindingKind, Map<string, { count: number; readonly note: string }>>()

  /**
   * Records that `kind` was forgiven at `attribute`. The first note of a pair is the one that is kept.
   *
   * @since 0.1.0
   */
  add(kind: FindingKind, attribute: string, note: string): void {
    let attributes = this.byKind.get(kind)
    if (attributes === undefined) {
      attributes = new Map()
      this.byKind.set(kind, attributes)
    }
    const entry = attributes.get(attribute)
    if (entry === undefined) {
      attributes.set(attribute, { count: 1, note })
    } else {
      entry.count++
    }
  }

  /**
   * Whether nothing had to be forgiven.
   *
   * @since 0.1.0
   */
  get isEmpty(): boolean {
    return this.byKind.size === 0
  }

  /**
   * The findings so far, sorted by attribute and kind.
   *
   * @since 0.1.0
   */
  toArray(): ReadonlyArray<Finding> {
    const out: Array<Finding> = []
    for (const [kind, attributes] of this.byKind) {
      for (const [attribute, { count, note }] of attributes) {
        out.push({ attribute, kind, note, count })
      }
    }
    return out.sort((a, b) =>
      a.attribute < b.attribute ? -1 : a.attribute > b.attribute ? 1 : a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0
    )
  }
}

/**
 * `meta` of a resource (RFC 7643 §3.1). `location` is kept as text and is never followed.
 *
 * @since 0.1.0
 */
export interface Meta {
  readonly resourceType: string | undefined
  readonly created: Date | undefined
  readonly lastModified: Date | undefined
  readonly location: string | undefined
  /** The entity tag as the server wrote it, for `If-Match`. */
  readonly version: string | undefined
}

/**
 * What every SCIM resource has. `raw` is the object the server sent, untouched.
 *
 * @since 0.1.0
 */
export interface ScimResource {
  readonly id: string
  readonly externalId: string | undefined
  readonly schemas: ReadonlyArray<string>
  readonly meta: Meta | undefined
  readonly raw: JsonObject
}

/**
 * Decodes one row of a list or one whole body; `undefined` when it has no usable id.
 *
 * @since 0.1.0
 */
export type RowDecoder<A> = (input: unknown, findings?: Findings) => A | undefined

const resourceNames = decoding.names("id", "externalId", "schemas", "meta")

/**
 * Decodes what all resources share, for resource types that have no decoder of their own; `undefined` without a usable
 * `id`. Never throws.
 *
 * @since 0.1.0
 */
export const decode: RowDecoder<ScimResource> = (input, findings) => {
  if (!decoding.isObject(input)) {
    findings?.add("Malformed", "Resource", "not an object; left out")
    return undefined
  }
  const object = decoding.withExactNames(input, resourceNames, "Resource", findings)
  const id = decoding.identifier(object["id"], "Resource.id", findings)
  if (id === undefined) {
    findings?.add("MissingId", "Resource.id", "a resource without id; left out")
    return undefined
  }
  return {
    id,
    externalId: decoding.text(object["externalId"], "Resource.externalId", findings),
    schemas: decoding.texts(object["schemas"], "Resource.schemas", findings),
    meta: decoding.meta(object["meta"], findings),
    raw: input
  }
}

/**
 * The value of an attribute whatever the case of its name. An exactly equal name wins, else the first that differs in
 * case only. JSON null is `undefined`, which is what it means (RFC 7643 §2.5).
 *
 * @since 0.1.0
 */
export const attribute = (object: JsonObject, name: string, findings?: Findings): unknown => {
  if (Object.hasOwn(object, name)) {
    const exact = object[name] ?? undefined
    if (findings !== undefined && countVariants(object, name) > 1) {
      findings.add("NameConflict", name, "two names differ only in case; the exact one was read")
    }
    return exact
  }
  const lowerCase = name.toLowerCase()
  for (const candidate of Object.keys(object)) {
    if (candidate.toLowerCase() === lowerCase) {
      if (findings !== undefined) {
        findings.add("NameCase", name, "the name is in another case; read all the same")
        if (countVariants(object, name) > 1) {
          findings.add("NameConflict", name, "two names differ only in case; the first one was read")
        }
      }
      return object[candidate] ?? undefined
    }
  }
  return undefined
}

const countVariants = (object: JsonObject, name: string): number => {
  const lowerCase = name.toLowerCase()
  return Object.keys(object).filter((candidate) => candidate.toLowerCase() === lowerCase).length
}

/**
 * The attributes of an extension by its schema URN, whatever the case of the URN (RFC 7643 §3.3). `undefined` when the resource
 * has none.
 *
 * @since 0.1.0
 */
export const extension = (
  resource: { readonly raw: JsonObject },
  urn: string,
  findings?: Findings
): JsonObject | undefined => {
  const value = attribute(resource.raw, urn, findings)
  return decoding.isObject(value) ? value : undefined
}
