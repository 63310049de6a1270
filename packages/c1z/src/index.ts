/**
 * `.c1z` snapshot files: a sink that writes them, a reader, and questions to what they hold.
 *
 * @since 0.1.0
 */
export * as Access from "./Access.ts"
export * as AccessReview from "./AccessReview.ts"
export * as BatonJson from "./BatonJson.ts"
export * as BatonTable from "./BatonTable.ts"
export * as C1z from "./C1z.ts"
export * as C1zError from "./C1zError.ts"
export * as C1zSink from "./C1zSink.ts"
export * as Convert from "./Convert.ts"
export * as Diff from "./Diff.ts"
export * as Entitlements from "./Entitlements.ts"
export * as Export from "./Export.ts"
export * as Grants from "./Grants.ts"
export * as Ksuid from "./Ksuid.ts"
export * as MessageBytes from "./MessageBytes.ts"
export * as Page from "./Page.ts"
export * as Prune from "./Prune.ts"
export * as QueryError from "./QueryError.ts"
export * as ResourceRow from "./ResourceRow.ts"
export * as Resources from "./Resources.ts"
export * as Snapshot from "./Snapshot.ts"
export * as Stats from "./Stats.ts"
export * as Verify from "./Verify.ts"
export * as WorkDirectory from "./WorkDirectory.ts"
export * as WriteError from "./WriteError.ts"
