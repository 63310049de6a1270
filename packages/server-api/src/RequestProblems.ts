/**
 * What any request can run into before its endpoint has seen it.
 *
 * @since 0.1.0
 */
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import { BadRequest, Internal, UnsupportedMediaType } from "./Problems.ts"

/**
 * @since 0.1.0
 */
export class RequestProblems extends HttpApiMiddleware.Service<RequestProblems>()(
  "@access-kit/server-api/RequestProblems",
  { error: [BadRequest, UnsupportedMediaType, Internal] }
) {}
