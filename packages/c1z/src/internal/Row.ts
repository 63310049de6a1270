/**
 * Rows as node:sqlite gives them, read without trusting their types.
 */
import type { SQLOutputValue } from "node:sqlite"

export type Row = Record<string, SQLOutputValue>

export const text = (row: Row | undefined, column: string): string => {
  const value = row?.[column]
  return typeof value === "string" ? value : ""
}

export const integer = (row: Row | undefined, column: string): number => {
  const value = row?.[column]
  return typeof value === "number" ? value : 0
}
