/** The bundle of the command. */
import { bundle } from "../../tooling/release/bundle.ts"

export default bundle("baton-claude-enterprise")
