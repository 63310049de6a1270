/**
 * Services about the server itself: health and reflection.
 */
import {
  create,
  createFileRegistry,
  type DescFile,
  type DescService,
  type FileRegistry,
  toBinary
} from "@bufbuild/protobuf"
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt"
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect"
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts"
import {
  ExtensionNumberResponseSchema,
  FileDescriptorResponseSchema,
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema
} from "../../gen/grpc/reflection/v1/reflection_pb.ts"

/**
 * `grpc.health.v1.Health`. It says that the server serves, not that the source can be reached: a source that is down is no reason to start the
 * connector anew.
 */
export const health = (services: ReadonlyArray<DescService>, ending: AbortSignal) => (router: ConnectRouter): void => {
  const names = new Set(["", ...services.map((service) => service.typeName)])
  const { NOT_SERVING, SERVICE_UNKNOWN, SERVING } = HealthCheckResponse_ServingStatus
  const status = () => ({ status: ending.aborted ? NOT_SERVING : SERVING })
  router.service(Health, {
    check: ({ service }) => {
      if (!names.has(service)) throw new ConnectError("unknown service", Code.NotFound)
      return status()
    },
    list: () => ({ statuses: Object.fromEntries([...names].map((name) => [name, status()])) }),
    async *watch({ service }, context) {
      yield names.has(service) ? status() : { status: SERVICE_UNKNOWN }
      if (ending.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      ending.addEventListener("abort", () => resolve(), { once: true })
      context.signal.addEventListener("abort", () => resolve(), { once: true })
      await promise
      if (ending.aborted && names.has(service)) yield status()
    }
  })
}

/** A file and all that it imports, each once, what is imported first. */
const withImports = (file: DescFile, found = new Map<string, DescFile>()): ReadonlyMap<string, DescFile> => {
  if (!found.has(file.name)) {
    for (const imported of file.dependencies) withImports(imported, found)
    found.set(file.name, file)
  }
  return found
}

type Reply = ServerReflectionResponse["messageResponse"]

const error = (code: Code, errorMessage: string): Reply => ({
  case: "errorResponse",
  value: { $typeName: "grpc.reflection.v1.ErrorResponse", errorCode: code, errorMessage }
})

const files = (file: DescFile | undefined, asked: string): Reply =>
  file === undefined ? error(Code.NotFound, `${asked} is not known here`) : {
    case: "fileDescriptorResponse",
    value: create(FileDescriptorResponseSchema, {
      fileDescriptorProto: [...withImports(file).values()].reverse().map((each) =>
        toBinary(FileDescriptorProtoSchema, each.proto)
      )
    })
  }

const fileOf = (registry: FileRegistry, symbol: string): DescFile | undefined => {
  const found = registry.get(symbol)
  if (found !== undefined) return found.file
  // A field or a method is in the file of what it belongs to.
  const owner = registry.get(symbol.slice(0, symbol.lastIndexOf(".")))
  const member = symbol.slice(symbol.lastIndexOf(".") + 1)
  switch (owner?.kind) {
    case "message":
      return owner.fields.some((field) => field.name === member) ? owner.file : undefined
    case "service":
      return owner.methods.some((method) => method.name === member) ? owner.file : undefined
    case "enum":
      return owner.values.some((value) => value.name === member) ? owner.file : undefined
    default:
      return undefined
  }
}

const extensionsOf = (registry: FileRegistry, type: string) =>
  [...registry].flatMap((each) => each.kind === "extension" && each.extendee.typeName === type ? [each] : [])

const replyTo = (
  registry: FileRegistry,
  services: ReadonlyArray<DescService>,
  request: ServerReflectionRequest
): Reply => {
  const asked = request.messageRequest
  switch (asked.case) {
    case "listServices":
      return {
        case: "listServicesResponse",
        value: {
          $typeName: "grpc.reflection.v1.ListServiceResponse",
          service: services.map((service) => ({
            $typeName: "grpc.reflection.v1.ServiceResponse",
            name: service.typeName
          }))
        }
      }
    case "fileByFilename":
      return files(registry.getFile(asked.value), asked.value)
    case "fileContainingSymbol":
      return files(fileOf(registry, asked.value), asked.value)
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = asked.value
      const found = extensionsOf(registry, containingType).find((each) => each.number === extensionNumber)
      return files(found?.file, `extension ${extensionNumber} of ${containingType}`)
    }
    case "allExtensionNumbersOfType":
      return registry.getMessage(asked.value) === undefined
        ? error(Code.NotFound, `${asked.value} is not known here`)
        : {
          case: "allExtensionNumbersResponse",
          value: create(ExtensionNumberResponseSchema, {
            baseTypeName: asked.value,
            extensionNumber: extensionsOf(registry, asked.value).map((each) => each.number)
          })
        }
    default:
      return error(Code.InvalidArgument, "the request asks for nothing")
  }
}

/** `grpc.reflection.v1.ServerReflection` over these services. */
export const reflection = (services: ReadonlyArray<DescService>) => (router: ConnectRouter): void => {
  const offered = [...services, ServerReflection]
  const all = new Map<string, DescFile>()
  for (const service of offered) withImports(service.file, all)
  const registry = createFileRegistry(
    create(FileDescriptorSetSchema, { file: [...all.values()].map((file) => file.proto) })
  )
  router.service(ServerReflection, {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield create(ServerReflectionResponseSchema, {
          validHost: request.host,
          originalRequest: request,
          messageResponse: replyTo(registry, offered, request)
        })
      }
    }
  })
}
