#!/usr/bin/env bash
# Packs every public package as a release does, and lets publint and are-the-types-wrong look at the tarballs: exports that lead nowhere,
# types that no consumer's compiler finds, files that are missing. Needs a build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tarballs=$(mktemp -d)
trap 'rm -rf "$tarballs"' EXIT

wrong=0
for manifest in packages/*/package.json; do
  package=$(dirname "$manifest")
  if node -e 'process.exit(require(process.argv[1]).private === true ? 0 : 1)' "$PWD/$manifest"; then continue; fi
  (cd "$package" && pnpm pack --silent --pack-destination "$tarballs" >/dev/null)
  tarball=("$tarballs"/*.tgz)
  echo "$package"
  publint run "${tarball[0]}" --strict || wrong=1
  attw "${tarball[0]}" --profile esm-only --format ascii --quiet || {
    attw "${tarball[0]}" --profile esm-only --format ascii --no-emoji || true
    wrong=1
  }
  rm "${tarball[0]}"
done
exit "$wrong"
