/**
 * The connector for Claude Enterprise.
 *
 * @since 0.1.0
 */
export * as AccountFields from "./AccountFields.ts"
export * as ClaudeEnterprise from "./ClaudeEnterprise.ts"
export * as Settings from "./Settings.ts"
