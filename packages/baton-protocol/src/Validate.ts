/**
 * Package `validate`: the rules that messages carry as options.
 *
 * @since 0.1.0
 */
export * from "./gen/validate/validate_pb.ts"
