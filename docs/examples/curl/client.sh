# A client of the ChatGrow API, for the programs beside it: `source` it. bash 3.2 or later and curl, nothing else.
# shellcheck shell=bash

set -euo pipefail

die() {
  printf '%s\n' "$1" >&2
  exit 1
}

[[ -n ${CHATGROW_API_KEY:-} ]] || die 'CHATGROW_API_KEY is not set'
base=${CHATGROW_URL:-http://localhost:3000}
base=${base%/}/api/webhooks

# A little over the server's own limit (REQUEST_TIMEOUT_MS, 30 s): its answer says more than our hanging up.
timeout_s=35
max_tries=4
# Told to wait longer than this, we give up: coming back sooner would only be refused again.
max_wait_s=120

program=$(basename "$0" .sh)
run=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
requests=0
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
trap 'echo "$program failed: unexpected answer, line $LINENO (request ${REQUEST_ID-none})" >&2' ERR

# call METHOD PATH [JSON [KEY]]: sends one request and sets STATUS and BODY. A refused one returns 1 with CODE, MESSAGE and
# REQUEST_ID: the shell's nearest thing to an exception. (Not for use in $(...), where the variables would be lost.)
call() {
  local method=$1 path=$2 json=${3-} key attempt out wait repeatable
  requests=$((requests + 1))
  # One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
  # arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
  REQUEST_ID=$program-$run-$requests
  key=${4:-$REQUEST_ID}
  local options=(--silent --show-error --connect-timeout 5 --max-time "$timeout_s"
    --request "$method" --header "X-Request-Id: $REQUEST_ID" --header "Idempotency-Key: $key" --dump-header "$headers" --write-out '\n%{http_code}')
  if [[ -n $json ]]; then
    options+=(--header 'Content-Type: application/json' --data-binary @-)
  fi

  for ((attempt = 1; ; attempt++)); do
    # Every user of the machine can read a command line, so the key comes from a pipe and the body from stdin.
    # And no --location: the API never redirects, and following one would hand the key to another host.
    if ! out=$(curl "${options[@]}" --config <(printf 'header = "X-API-Key: %s"\n' "$CHATGROW_API_KEY") \
      --url "$base$path" <<<"$json"); then
      out=$'\n000'
    fi
    STATUS=${out##*$'\n'}
    BODY=${out%$'\n'*}
    if [[ $STATUS == 2?? ]]; then return 0; fi

    # 429: turned away before anything was done. 503, or no answer at all (000): done whole or not at all. The key tells
    # the server which, so any method may be repeated.
    repeatable=no
    case $STATUS in 000 | 429 | 503) repeatable=yes ;; esac
    wait=$(tr -d '\r' <"$headers" | sed -n 's/^[Rr]etry-[Aa]fter: *//p')
    : >"$headers"
    wait=${wait:-1}
    if [[ $repeatable == no || ! $wait =~ ^[0-9]{1,9}$ ]] || ((attempt == max_tries || wait > max_wait_s)); then
      # Something between us and the API may answer without the envelope.
      CODE=$(field error) || CODE=HTTP_$STATUS
      MESSAGE=$(field message) || MESSAGE='no answer from the API'
      return 1
    fi
    sleep "$wait"
  done
}

# field NAME: the first value of that name in BODY. It is no JSON parser (escapes stay as they are), but good enough
# for ids, codes and numbers: the quotes inside a JSON string are escaped, so a text can't pass for a field.
field() {
  local value='("(([^"\\]|\\.)*)"|[^],}[:space:]]+)'
  local pattern="\"$1\"[[:space:]]*:[[:space:]]*$value"
  [[ $BODY =~ $pattern ]] || return 1
  if [[ ${BASH_REMATCH[1]} == \"* ]]; then
    printf '%s' "${BASH_REMATCH[2]}"
  else
    printf '%s' "${BASH_REMATCH[1]}"
  fi
}

# Status, code and request id are enough to find the request in the server's log; bodies and paths may hold personal
# data, so they stay out of ours.
fail() { die "$program failed: $STATUS $CODE: $MESSAGE (request $REQUEST_ID)"; }

must() { call "$@" || fail; }

# expect NAME VALUE: the field of the last answer has that value. The value found is not shown: it may be a name.
expect() { [[ $(field "$1") == "$2" ]] || die "not as expected: the field $1 (request $REQUEST_ID)"; }

expect_status() { [[ $STATUS == "$1" ]] || die "not as expected: $STATUS for $1 (request $REQUEST_ID)"; }
