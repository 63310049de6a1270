/** scim-core in a process of its own, driven by lines of JSON: an example, and how the interop tier plays the suite. */
import * as ProcessDriver from "../src/ProcessDriver.ts"
import { driver } from "./ScimCoreDriver.ts"

await ProcessDriver.serve(driver, [
  "listUsers",
  "listGroups",
  "getUser",
  "getGroup",
  "findUsers",
  "createUser",
  "replaceUser",
  "replaceIfMatch",
  "setActive",
  "deleteUser",
  "addMembers",
  "removeMember",
  "configuration",
  "logged"
])
process.exit(0)
