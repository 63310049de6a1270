/**
 * The access review: who has what, as one page of HTML that needs nothing else. It is read on a screen, printed, signed and filed. By group and by
 * person; disabled accounts that still hold grants come first, since they are what a reviewer looks for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import * as Entitlements from "./Entitlements.ts"
import type * as Grants from "./Grants.ts"
import { GrantReader } from "./internal/GrantReader.ts"
import { sheet } from "./internal/ReviewStyle.ts"
import { storeOf } from "./internal/Store.ts"
import type * as ResourceRow from "./ResourceRow.ts"
import * as Resources from "./Resources.ts"
import type { Snapshot } from "./Snapshot.ts"
import * as Stats from "./Stats.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** @default Access review */
  readonly title?: string
  /** When the report is made, epoch milliseconds. */
  readonly now: number
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

/** Names come from whoever edits the directory: they must not become markup, nor turn the line around. */
const html = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "")
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
      character === "\n" || character === "\t" ? " " : "\ufffd")

const number = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, "\u202f")

const moment = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? "–" : `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`

const nameOf = (row: ResourceRow.ResourceRow): string => row.displayName || row.login || row.id

const isGone = (row: ResourceRow.ResourceRow): boolean => row.status === "disabled" || row.status === "deleted"

const STATUS: Readonly<Record<string, string>> = {
  enabled: "Enabled",
  disabled: "Disabled",
  deleted: "Deleted",
  unknown: "Unknown"
}

const status = (row: ResourceRow.ResourceRow): string => {
  if (!row.traits.includes("user")) return `<span class="tag">${html(row.type)}</span>`
  const name = row.status ?? "enabled"
  return `<span class="tag ${name}">${STATUS[name] ?? ""}</span>`
}

const contact = (row: ResourceRow.ResourceRow): string => {
  const address = row.email || row.login
  // A long address may break after its parts, not within them.
  return address === nameOf(row) ? "" : html(address).replaceAll(/[@._-]/g, "$&<wbr>")
}

const DECISION = `<td class="box"></td><td class="box"></td><td class="note"></td>`
const DECISION_HEAD = `<th class="box">Keep</th><th class="box">Remove</th><th class="note">Note</th>`

const signature =
  `<p class="sign"><span>Reviewed by</span><i></i><span>Date</span><i class="date"></i><span>Signature</span><i></i></p>`

const compare = (a: string, b: string): number => {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()]
  return left < right ? -1 : left > right ? 1 : 0
}

const inOrder = (a: ResourceRow.ResourceRow, b: ResourceRow.ResourceRow): number =>
  compare(nameOf(a), nameOf(b)) || compare(a.id, b.id)

/** A grant held through others names them. */
const origin = (grant: Grants.GrantRow, names: ReadonlyMap<string, string>): string =>
  grant.via.length === 0
    ? "Directly"
    : `${grant.direct ? "Directly, and through " : "Through "}${
      grant.via.map((id) => html(names.get(id) ?? id)).join(", ")
    }`

const head = (title: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(title)}</title>
<style>${sheet}</style>
</head>
<body>
`

/**
 * The page, piece by piece.
 *
 * @since 0.1.0
 */
export const page = (snapshot: Snapshot, options: Options): Stream.Stream<string, C1zError.C1zError> =>
  Stream.unwrap(Effect.gen(function*() {
    const title = options.title ?? "Access review"
    const stats = yield* Stats.of(snapshot)
    const entitlements = (yield* Stream.runCollect(Entitlements.list(snapshot)))
      .toSorted((a, b) => inOrder(a.resource, b.resource) || compare(a.slug, b.slug))
    const store = storeOf(snapshot.file)
    const reader = new GrantReader(snapshot)
    const heldBy = (holder: { readonly type: string; readonly id: string }) =>
      store.attempt("its grants can't be read", () => reader.heldBy(holder.type, holder.id))
    const names = new Map(entitlements.map((row) => [row.id, `${nameOf(row.resource)} (${row.slug})`]))
    // Who holds something: of each no more than the order needs, since there may be hundreds of thousands.
    const holders = (yield* Stream.runCollect(Stream.map(Resources.principals(snapshot), (row) => ({
      type: row.type,
      id: row.id,
      sort: nameOf(row).toLowerCase(),
      grants: row.grants,
      gone: isGone(row)
    })))).toSorted((a, b) => compare(a.sort, b.sort) || compare(a.id, b.id))
    const gone = holders.filter((holder) => holder.gone)

    const figures: ReadonlyArray<readonly [string, number]> = [
      ["People and groups with access", holders.length],
      [
        "Groups and other resources",
        new Set(entitlements.map((row) => `${row.resource.type}:${row.resource.id}`)).size
      ],
      ["Grants", stats.grants],
      ["Disabled with access", gone.length]
    ]
    const introduction = `${head(title)}<header>
<h1>${html(title)}</h1>
<dl class="facts">
<div><dt>Directory read</dt><dd>${moment(snapshot.sync.startedAt)}</dd></div>
<div><dt>Report made</dt><dd>${moment(options.now)}</dd></div>
<div><dt>Sync</dt><dd><code>${html(snapshot.sync.id)}</code>${
      snapshot.sync.endedAt === undefined ? " <span class=\"tag disabled\">not finished</span>" : ""
    }</dd></div>
</dl>
<ul class="figures">${
      figures.map(([name, value], index) =>
        `<li${index === 3 && value > 0 ? " class=\"alert\"" : ""}><b>${number(value)}</b>${name}</li>`
      ).join("")
    }</ul>
<nav><a href="#attention">Disabled with access</a><a href="#groups">By group</a><a href="#people">By person</a></nav>
</header>
<main>
`
    const attention = gone.length === 0
      ? Stream.succeed(
        `<section id="attention"><h2>Disabled accounts with access</h2><p class="none">No disabled or deleted account holds a grant.</p></section>`
      )
      : Stream.succeed(
        `<section id="attention"><h2>Disabled accounts with access</h2>
<p>These accounts are disabled or deleted and still hold grants. They would have access again when somebody enables them.</p>
<table><thead><tr><th>Account</th><th>E-mail or login</th><th>Status</th><th>Holds</th>${DECISION_HEAD}</tr></thead><tbody>
`
      ).pipe(
        Stream.concat(
          Stream.fromIterable(gone).pipe(
            Stream.mapEffect((holder) =>
              Effect.map(heldBy(holder), (grants) => {
                const [first] = grants
                if (first === undefined) {
                  return ""
                }
                const held = grants.map((grant) => `${html(nameOf(grant.resource))} (${html(grant.entitlement.slug)})`)
                return `<tr><td>${html(nameOf(first.principal))}</td><td>${contact(first.principal)}</td><td>${
                  status(first.principal)
                }</td><td>${held.join(", ")}</td>${DECISION}</tr>\n`
              })
            )
          )
        ),
        Stream.concat(Stream.succeed(`</tbody></table>${signature}</section>\n`))
      )

    const group = (row: Entitlements.EntitlementRow) =>
      Effect.map(store.attempt("its grants can't be read", () => reader.of(row.id)), (grants) => {
        const people = grants.toSorted((a, b) => inOrder(a.principal, b.principal))
        const caption = `<h3>${html(nameOf(row.resource))} <small>${html(row.displayName || row.slug)} · ${
          number(people.length)
        } ${people.length === 1 ? "holder" : "holders"}</small></h3>${
          row.description === "" ? "" : `<p class="about">${html(row.description)}</p>`
        }`
        if (people.length === 0) return `<article>${caption}<p class="none">Nobody holds this.</p></article>\n`
        const rows = people.map((grant) =>
          `<tr${isGone(grant.principal) ? " class=\"gone\"" : ""}><td>${html(nameOf(grant.principal))}</td><td>${
            contact(grant.principal)
          }</td><td>${status(grant.principal)}</td><td>${origin(grant, names)}</td>${DECISION}</tr>`
        )
        return `<article>${caption}<table><thead><tr><th>Account</th><th>E-mail or login</th><th>Status</th><th>How</th>${DECISION_HEAD}</tr></thead><tbody>
${rows.join("\n")}
</tbody></table>${signature}</article>\n`
      })

    const person = (holder: { readonly type: string; readonly id: string }) =>
      Effect.map(heldBy(holder), (grants) => {
        const [first] = grants
        if (first === undefined) return ""
        const { principal } = first
        const rows = grants.toSorted((a, b) => inOrder(a.resource, b.resource)).map((grant, index) =>
          `<tr${isGone(principal) ? " class=\"gone\"" : ""}>${
            index === 0
              ? `<td rowspan="${grants.length}"><b>${html(nameOf(principal))}</b><br>${
                contact(principal)
              }</td><td rowspan="${grants.length}">${status(principal)}</td>`
              : ""
          }<td>${html(nameOf(grant.resource))}</td><td>${html(grant.entitlement.slug)}</td><td>${
            origin(grant, names)
          }</td>${DECISION}</tr>`
        )
        return `<tbody>${rows.join("\n")}</tbody>\n`
      })

    return Stream.succeed(introduction).pipe(
      Stream.concat(attention),
      Stream.concat(Stream.succeed(`<section id="groups"><h2>By group</h2>\n`)),
      Stream.concat(Stream.mapEffect(Stream.fromIterable(entitlements), group)),
      Stream.concat(Stream.succeed(
        `</section>\n<section id="people"><h2>By person</h2>\n${
          holders.length === 0
            ? "<p class=\"none\">Nobody holds anything.</p>"
            : `<table class="people"><thead><tr><th>Account</th><th>Status</th><th>Group</th><th>Right</th><th>How</th>${DECISION_HEAD}</tr></thead>\n`
        }`
      )),
      Stream.concat(Stream.mapEffect(Stream.fromIterable(holders), person)),
      Stream.concat(Stream.succeed(
        `${holders.length === 0 ? "" : `</table>${signature}`}</section>\n</main>\n</body>\n</html>\n`
      ))
    )
  }))
