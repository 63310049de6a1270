/**
 * Marks among annotations.
 */
import type { DescMessage } from "@bufbuild/protobuf"
import type { Any } from "@bufbuild/protobuf/wkt"

/** Whether annotations have one of a type; what it holds doesn't matter. */
export const carries = (annotations: ReadonlyArray<Any>, schema: DescMessage): boolean =>
  annotations.some((annotation) =>
    annotation.typeUrl.slice(annotation.typeUrl.lastIndexOf("/") + 1) === schema.typeName
  )
