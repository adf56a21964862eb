#!/usr/bin/env bash
# Real clients against the server of CHATGROW_URL: every example program, the OpenAPI validator, schemathesis.
set -euo pipefail

cd "$(dirname "$0")/.."
# The tours come first: they book in an account that has set nothing up, as every account does at first.
for program in tour book; do
    "docs/examples/curl/$program.sh"
    node "docs/examples/node/$program.mjs"
    python3 "docs/examples/python/$program.py"
    php "docs/examples/php/$program.php"
done
node docs/examples/node/webhooks.mjs
python3 docs/examples/python/webhooks.py

venv=target/venv
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement tests/requirements.txt; }
# The libraries of Standard Webhooks verify what they are sent.
npm ci --silent --prefix tests/webhooks
node tests/webhooks/verify.mjs
"$venv/bin/python" tests/webhooks/verify.py
# Payment systems: notices that Stripe's own libraries sign, and those of a living server.
npm ci --silent --prefix tests/payments
node tests/payments/stripe.mjs
node tests/payments/bridges.mjs
"$venv/bin/python" tests/payments/verify.py
"$venv/bin/openapi-spec-validator" docs/openapi.json
# All checks but one, and all paths but one: a stream has no end.
# use_after_free expects that a resource can't be read after its DELETE, but `DELETE /appointments/{id}` cancels, and the
# contract says that a cancelled appointment can still be read. The other DELETE, of a registration, does end its resource; the end-to-end tests
# show that (tests/e2e/api/registrations.rs).
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=tests/schemathesis PYTHONDONTWRITEBYTECODE=1
"$venv/bin/schemathesis" --config-file tests/schemathesis/schemathesis.toml \
    run "$CHATGROW_URL/api-docs/openapi.json" --header "X-API-Key: $CHATGROW_API_KEY" \
    --output-sanitize false --checks all --exclude-checks use_after_free \
    --exclude-path /api/webhooks/changes/stream --seed "${SCHEMATHESIS_SEED:-1}" --max-examples "${SCHEMATHESIS_EXAMPLES:-50}"
# The Prometheus project's own parser reads the metrics.
curl --silent --fail "$CHATGROW_URL/metrics" | "$venv/bin/python" -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(*sorted(family.name for family in parse(sys.stdin.read())))'
