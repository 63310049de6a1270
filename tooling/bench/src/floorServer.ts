/**
 * The floor of the HTTP server: `node:http` and nothing else, which answers each path with the bytes that the real server has answered. It prints its
 * address and ends with its input.
 */
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { Answer } from "./Answer.ts"

const [file = ""] = process.argv.slice(2)
const answers: ReadonlyArray<Answer> = JSON.parse(readFileSync(file, "utf8"))
const byPath = new Map(
  answers.map(({ body, headers, path }) => {
    const bytes = Buffer.from(body, "base64")
    return [path, { bytes, headers: { ...headers, "content-length": bytes.length } }]
  })
)

const server = createServer((request, response) => {
  const answer = byPath.get(request.url ?? "")
  if (answer === undefined) response.writeHead(404).end()
  else response.writeHead(200, answer.headers).end(answer.bytes)
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address !== null && typeof address === "object") process.stdout.write(`http://127.0.0.1:${address.port}\n`)
})
process.stdin.resume().once("end", () => process.exit())
