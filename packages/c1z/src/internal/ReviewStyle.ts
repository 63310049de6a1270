/**
 * How the access review looks, on a screen and on paper.
 */
export const sheet = `
:root { --ink: #1c2330; --soft: #5b6474; --line: #d6dae1; --paper: #fff; --ground: #f4f5f7; --accent: #2f5bb7; --red: #a3261d; --red-ground: #fdecea; --green: #1f6b3a; --green-ground: #e8f5ec }
* { box-sizing: border-box }
html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: var(--ground) }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem 4rem }
h1 { margin: 0 0 1rem; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 0 0 .75rem; font-size: 1.35rem }
h3 { margin: 0 0 .25rem; font-size: 1.05rem }
h3 small { margin-left: .4rem; font-weight: 400; font-size: .85rem; color: var(--soft) }
code { font: .85em ui-monospace, "SF Mono", Consolas, monospace }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 2.5rem; margin: 0 0 1.25rem }
.facts dt { font-size: .8rem; color: var(--soft) }
.facts dd { margin: 0 }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 0 0 1.25rem; padding: 0; list-style: none }
.figures li { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--paper); color: var(--soft); font-size: .85rem }
.figures b { display: block; font-size: 1.6rem; line-height: 1.3; color: var(--ink); font-variant-numeric: tabular-nums }
.figures .alert { border-color: var(--red); background: var(--red-ground) }
.figures .alert, .figures .alert b { color: var(--red) }
nav { display: flex; flex-wrap: wrap; gap: 1.25rem; padding: .5rem 0; border-bottom: 1px solid var(--line) }
nav a { color: var(--accent) }
section { margin-top: 2rem }
article, #attention, #people { padding: 1.1rem 1.25rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--paper) }
article + article { margin-top: 1rem }
.about { margin: 0 0 .5rem; color: var(--soft) }
.none { margin: .25rem 0 0; color: var(--soft) }
table { width: 100%; margin-top: .5rem; border-collapse: collapse; font-size: .9rem; table-layout: fixed }
th:nth-child(1) { width: 18% }
th:nth-child(2) { width: 24% }
th:nth-child(3) { width: 10% }
#attention th:nth-child(1) { width: 16% }
.people th:nth-child(1) { width: 26% }
.people th:nth-child(2) { width: 10% }
.people th:nth-child(3) { width: 18% }
.people th:nth-child(4) { width: 9% }
th { padding: .35rem .5rem; border-bottom: 2px solid var(--line); text-align: left; font-weight: 600; font-size: .8rem; color: var(--soft) }
td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word }
.gone td { background: var(--red-ground) }
.tag { display: inline-block; padding: 0 .5rem; border-radius: 1rem; background: var(--ground); font-size: .8rem; white-space: nowrap }
.tag.enabled { background: var(--green-ground); color: var(--green) }
.tag.disabled, .tag.deleted { background: var(--red-ground); color: var(--red); font-weight: 600 }
.gone .tag.disabled, .gone .tag.deleted { background: var(--paper) }
th.box, td.box { text-align: center; padding-left: 0; padding-right: 0 }
th.box { width: 7% !important }
td.box::before { content: ""; display: inline-block; width: .95rem; height: .95rem; border: 1.5px solid var(--soft); border-radius: .15rem; vertical-align: -.15rem; background: var(--paper) }
th.note { width: 15% !important }
#attention th.note { width: 11% !important }
.sign { display: flex; align-items: flex-end; gap: .5rem; margin: 1.25rem 0 0; font-size: .85rem; color: var(--soft) }
.sign i { flex: 1; height: 1.4rem; border-bottom: 1px solid var(--soft) }
.sign i.date { flex: 0 0 8rem }
@media (max-width: 50rem) { body { padding: 1rem } article, #attention, #people { overflow-x: auto } table { min-width: 44rem } }
@page { margin: 14mm 12mm; @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; color: #555 } }
@media print {
  :root { --ground: #fff }
  html { font-size: 10.5pt }
  table { font-size: 8pt; line-height: 1.35 }
  th, .tag { font-size: 7pt }
  td, th { padding: .16rem .3rem }
  td.box::before { width: .72rem; height: .72rem; border-width: 1pt }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact }
  body { max-width: none; padding: 0 }
  nav { display: none }
  h2 { break-after: avoid }
  article, #attention, #people { padding: 0; border: 0 }
  article { break-inside: auto; margin-top: 1.5rem }
  h3, .about { break-after: avoid }
  thead { display: table-header-group }
  tr, .people tbody, .sign, .figures li { break-inside: avoid }
  .sign { break-before: avoid }
  #groups, #people { break-before: page }
}
`
