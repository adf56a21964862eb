#!/usr/bin/env bash
# Runs a command beside a new server (of the profile PROFILE, or debug). The command gets the server's address in CHATGROW_URL, a key in
# CHATGROW_API_KEY, the link that sets the console up in CHATGROW_SETUP, and the process id in CHATGROW_PID.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

export HOST=127.0.0.1 PORT=0 DATABASE_URL="sqlite://$folder/chatgrow.db" RATE_LIMIT_ENABLED=false LOG_LEVEL=warn
(cd "$folder" && exec "$root/target/${PROFILE:-debug}/chatgrow" >"$folder/out") &
server=$!
until grep -q 'shown only' "$folder/out" 2>/dev/null; do
    kill -0 "$server"
    sleep 0.05
done
CHATGROW_URL=$(sed -n 's|^ *Docs *\(.*\)/api-docs$|\1|p' "$folder/out")
CHATGROW_API_KEY=$(sed -n 's|^ *API key *||p' "$folder/out")
CHATGROW_SETUP=$(sed -n 's|^ *Set up *||p' "$folder/out")
CHATGROW_PID=$server
export CHATGROW_URL CHATGROW_API_KEY CHATGROW_SETUP CHATGROW_PID
cd "$root"
"$@"
