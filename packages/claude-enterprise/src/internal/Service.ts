/**
 * What the connector knows about the SCIM servers it meets beyond how to talk to them: how their silence is to be read.
 */
import * as Dialect from "@access-kit/scim-core/Dialect"
import type { DialectName } from "../Settings.ts"

export interface Service {
  readonly dialect: Dialect.Dialect
  /**
   * What it means that a group, read on its own, has no `members` attribute.
   *
   * RFC 7643 §2.5 makes an unassigned attribute equal to an empty one, and WorkOS's server drops the key when the last member goes. A server of
   * which that is not known gets no benefit of the doubt: an empty group and a hidden list would look the same.
   */
  readonly absentMembers: "empty" | "unknown"
  /**
   * Whether a group that a list shows as empty is read on its own before it is believed. Some servers send `members: []` with every group of a
   * list, to keep lists small (AWS IAM Identity Center does).
   */
  readonly confirmEmpty: boolean
}

const services: Readonly<Record<DialectName, Service>> = {
  workos: { dialect: Dialect.workos, absentMembers: "empty", confirmEmpty: false },
  standard: { dialect: Dialect.standard, absentMembers: "empty", confirmEmpty: true },
  "claude-government": { dialect: Dialect.claudeGovernment, absentMembers: "unknown", confirmEmpty: true }
}

export const named = (name: DialectName): Service => services[name]
