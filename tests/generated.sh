#!/usr/bin/env bash
# Other people's tools on docs/openapi.json. Two linters must find nothing in it. The clients that three generators make of it must compile under
# the strictest settings, and do the tour against the server of CHATGROW_URL. Needs node, java, go and python3.
set -euo pipefail

cd "$(dirname "$0")/.."
document=$PWD/docs/openapi.json
from=$PWD/tests/generated
# The tools stay there from one run to the next; the generated clients don't.
out=$PWD/target/generated
mkdir -p "$out"

step() {
    printf '%4ds  %s\n' "$SECONDS" "$*"
}

# Runs a program and shows its output only if it fails.
quietly() {
    "$@" >"$out/log" 2>&1 || { cat "$out/log" >&2; return 1; }
}

step 'the tools'
venv=$out/venv
if ! cmp --silent "$from/requirements.txt" "$venv/requirements.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$from/requirements.txt"
    cp "$from/requirements.txt" "$venv/"
fi
if ! cmp --silent "$from/package-lock.json" "$out/node_modules/package-lock.json"; then
    cp "$from/package.json" "$from/package-lock.json" "$out/"
    quietly npm ci --no-audit --no-fund --prefix "$out"
    cp "$from/package-lock.json" "$out/node_modules/"
fi
export PATH="$out/node_modules/.bin:$venv/bin:$PATH"
rm -rf "$out"/{typescript,python,go}
cp -r "$from"/{typescript,python,go} "$out"

step 'Spectral'
spectral lint --ruleset "$from/spectral.yaml" --fail-severity hint --quiet "$document"
step 'Redocly'
REDOCLY_SUPPRESS_UPDATE_NOTICE=true quietly redocly lint --config "$from/redocly.yaml" "$document"

step 'TypeScript: openapi-typescript, tsc'
cd "$out/typescript"
quietly openapi-typescript "$document" --output schema.d.ts
tsc --project .
node tour.js

step 'Python: openapi-python-client, mypy'
cd "$out/python"
quietly openapi-python-client generate --path "$document" --config config.yaml --meta none --output-path chatgrow --fail-on-warning
mypy --strict chatgrow tour.py
python tour.py

step 'Go: OpenAPI Generator, go vet'
cd "$out/go"
mkdir tour && mv tour.go tour/
quietly openapi-generator-cli generate --generator-name go --input-spec "$document" --output . \
    --git-host example.com --git-user-id salon --git-repo-id chatgrow --additional-properties packageName=chatgrow
# The client needs only Go's standard library, so Go must fetch nothing, neither a module nor another version of itself. The generated tests, in
# test/, are left out: they would need a module, and only call each operation without a server.
export GOPROXY=off GOTOOLCHAIN=local
go vet . ./tour
go run ./tour

step 'done'
