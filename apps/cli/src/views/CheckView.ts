/**
 * The checks of a validation as rows.
 *
 * @since 0.1.0
 */
import type { Check } from "@access-kit/connector-model/Validation"
import type { Style } from "../Style.ts"
import type { View } from "../View.ts"

const words: Readonly<Record<Check["status"], string>> = { passed: "ok", warning: "warning", failed: "FAILED" }

/**
 * @since 0.1.0
 */
export const view: View<Check> = {
  noun: ["check", "checks"],
  columns: [
    { name: "name", header: "CHECK", cell: (check) => check.name },
    { name: "status", header: "STATUS", cell: (check) => check.status },
    { name: "message", header: "FOUND", cell: (check) => check.message },
    { name: "remedy", cell: (check) => check.remedy ?? "" }
  ],
  json: (check) => ({
    name: check.name,
    status: check.status,
    message: check.message,
    remedy: check.remedy ?? null
  })
}

/**
 * A check as a person reads it: what was found on one line, what to do about it on the next.
 *
 * @since 0.1.0
 */
export const lines = (check: Check, style: Style): string => {
  const paint = check.status === "passed" ? style.green : check.status === "warning" ? style.yellow : style.red
  const remedy = check.remedy === undefined ? "" : `\n         ${check.remedy}`
  return `${paint(words[check.status].padEnd(7))}  ${check.name}: ${check.message}${remedy}`
}
