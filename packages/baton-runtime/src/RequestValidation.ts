/**
 * Holds requests to the rules that their messages carry (protoc-gen-validate), as the Go server does: the first fault ends the call with
 * InvalidArgument.
 *
 * @since 0.1.0
 */
import * as RuleCheck from "@access-kit/baton-protocol/RuleCheck"
import type { DescMethod, Message } from "@bufbuild/protobuf"
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect"

const demand = (method: DescMethod, message: Message): void => {
  const fault = RuleCheck.check(method.input, message)
  if (fault !== undefined) {
    throw new ConnectError(`invalid ${method.input.name}.${fault.path}: ${fault.rule}`, Code.InvalidArgument)
  }
}

/**
 * Refuses requests that break a rule, before they reach their handler.
 *
 * @since 0.1.0
 */
export const interceptor: Interceptor = (next) => (request) => {
  if (!request.stream) {
    demand(request.method, request.message)
    return next(request)
  }
  const { message, method } = request
  const checked = async function*() {
    for await (const each of message) {
      demand(method, each)
      yield each
    }
  }
  return next({ ...request, message: checked() })
}
