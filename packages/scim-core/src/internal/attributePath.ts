/**
 * Attribute paths (RFC 7644 §3.10, figure 1): `[URI ":"] ATTRNAME ["." ATTRNAME]`.
 */
import type { AttributePath } from "../Filter.ts"

// RFC 7643 §2.1 lets `$` into names and uses `$ref`, which its own grammar would not allow; names are read by their use.
const attributeName = /^[A-Za-z$][A-Za-z0-9_$-]*$/
// A URI as schema: with a scheme, and without characters that would end a path.
const schemaUri = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]+$/

export const isAttributeName = (text: string): boolean => attributeName.test(text)

export const isSchemaUri = (text: string): boolean => schemaUri.test(text)

export const isValid = (path: AttributePath): boolean =>
  (path.schema === undefined || isSchemaUri(path.schema)) &&
  isAttributeName(path.attribute) &&
  (path.subAttribute === undefined || isAttributeName(path.subAttribute))

/** `undefined` when the text is no attribute path. */
export const parse = (text: string): AttributePath | undefined => {
  const colon = text.lastIndexOf(":")
  const schema = colon === -1 ? undefined : text.slice(0, colon)
  const rest = text.slice(colon + 1)
  const dot = rest.indexOf(".")
  const path: AttributePath = {
    schema,
    attribute: dot === -1 ? rest : rest.slice(0, dot),
    subAttribute: dot === -1 ? undefined : rest.slice(dot + 1)
  }
  return isValid(path) ? path : undefined
}

export const print = (path: AttributePath): string =>
  (path.schema === undefined ? "" : `${path.schema}:`) +
  path.attribute +
  (path.subAttribute === undefined ? "" : `.${path.subAttribute}`)
