#!/usr/bin/env bash
# The layout (docs/architecture.md): every layer has one folder for each context, by the same name, and no source file has more than 400
# lines. Tests may be longer, and the conformance suite counts as tests.
set -euo pipefail
cd "$(dirname "$0")/.."

contexts=$(cd crates/domain/src && ls -d -- */ | tr --delete /)
for layer in ports conformance application adapters/sql adapters/api adapters/web; do
    for context in $contexts; do
        # Only the sender of webhooks is there yet. This line goes with the first store of the context.
        if [[ $context == delivery && $layer != ports ]]; then continue; fi
        if [[ ! -e crates/$layer/src/$context/mod.rs ]]; then
            echo "crates/$layer/src has no folder for the context $context" >&2
            exit 1
        fi
    done
done

long=$(find crates -name '*.rs' -path '*/src/*' ! -path 'crates/conformance/*' ! -name tests.rs -exec wc --lines {} + |
    awk '$1 > 400 && $2 != "total" { print }')
if [[ -n $long ]]; then
    echo "these files have more than 400 lines:" >&2
    echo "$long" >&2
    exit 1
fi
