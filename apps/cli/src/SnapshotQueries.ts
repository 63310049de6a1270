/**
 * Everything about reading snapshots. Loaded only by the commands that do.
 *
 * @since 0.1.0
 */
import { setFlagsFromString } from "node:v8"

export * as Access from "@access-kit/c1z/Access"
export * as AccessReview from "@access-kit/c1z/AccessReview"
export * as BatonTable from "@access-kit/c1z/BatonTable"
export * as C1z from "@access-kit/c1z/C1z"
export * as Convert from "@access-kit/c1z/Convert"
export * as Diff from "@access-kit/c1z/Diff"
export * as Entitlements from "@access-kit/c1z/Entitlements"
export * as Export from "@access-kit/c1z/Export"
export * as Grants from "@access-kit/c1z/Grants"
export * as Page from "@access-kit/c1z/Page"
export * as Prune from "@access-kit/c1z/Prune"
export * as Resources from "@access-kit/c1z/Resources"
export * as Snapshot from "@access-kit/c1z/Snapshot"
export * as Stats from "@access-kit/c1z/Stats"
export * as Verify from "@access-kit/c1z/Verify"

// Rows live for a page. With room for many pages among the young, V8 takes it: a hundred mebibytes that nobody needs.
setFlagsFromString("--max-semi-space-size=4")
setFlagsFromString("--semi-space-growth-factor=1")
