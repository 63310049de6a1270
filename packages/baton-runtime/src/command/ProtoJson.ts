/**
 * Messages as `capabilities` and `config` print them: the JSON of protobuf, two spaces deep, without a line end.
 *
 * @since 0.1.0
 */
import { registry } from "@access-kit/baton-protocol/Registry"
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf"

/**
 * @since 0.1.0
 */
export const print = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string =>
  JSON.stringify(toJson(schema, message, { registry }), null, 2)

/**
 * As a `google.protobuf.Any`, with the message's type in `@type`, first, as Go has it.
 *
 * @since 0.1.0
 */
export const printAny = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string => {
  const json = toJson(schema, message, { registry })
  // Only well-known types are anything but objects in JSON, and none of them is printed.
  const fields = typeof json === "object" && json !== null && !Array.isArray(json) ? json : { value: json }
  return JSON.stringify({ "@type": `type.googleapis.com/${schema.typeName}`, ...fields }, null, 2)
}
