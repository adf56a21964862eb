#!/usr/bin/env bash
# Soak: for SOAK_SECONDS, the server of CHATGROW_URL gets half of the load that it can take. Every half minute, the script prints its memory. It
# fails if the memory grows by more than a tenth in the second half, or if any answer is not as it should be.
set -euo pipefail
command -v wrk >/dev/null || { echo "needs wrk (apt install wrk)" >&2; exit 1; }

cd "$(dirname "$0")"
seconds=${SOAK_SECONDS:-600}
curl --silent --fail --output /dev/null --request PUT --header "X-API-Key: $CHATGROW_API_KEY" --json '{"name":"Dana"}' \
    "$CHATGROW_URL/api/webhooks/customers/dana@example.com"
load() { # seconds, pause
    wrk --threads 2 --connections 64 --duration "${1}s" --latency --script soak/mix.lua "$CHATGROW_URL" -- "$2"
}
rate() { sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p'; }
memory() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$CHATGROW_PID/status"; }

export SOAK_OFFSET=0
idle=$(memory)
peak=$(load 10 0 | rate)
# With this pause, in milliseconds, between the requests of one connection, the load is half of the peak.
pause=$((64 * 1000 * 2 / peak))
echo "peak $peak requests/s, memory idle $idle MiB, after it $(memory) MiB; pause $pause ms"
export SOAK_OFFSET=1000000
told=$(mktemp)
load "$seconds" "$pause" >"$told" &
started=$SECONDS settled=
while kill -0 $! 2>/dev/null; do
    sleep 30
    now=$(memory)
    echo "$((SECONDS - started)) s: $now MiB"
    [ $((2 * (SECONDS - started))) -lt "$seconds" ] || settled=${settled:-$now}
done
cat "$told"
bad=$(grep -E 'Non-2xx|Socket errors' "$told" || true)
rm "$told"
[ -z "$bad" ] || exit 1
[ -z "$settled" ] || [ "$now" -le $((settled + settled / 10 + 1)) ] || { echo "memory grew from $settled to $now MiB" >&2; exit 1; }
