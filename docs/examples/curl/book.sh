#!/usr/bin/env bash
# Finds a slot, holds it and books it, with the ChatGrow API. bash 3.2 or later and curl, nothing else.
#
#   CHATGROW_API_KEY=cg_live_... ./book.sh

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

run=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
requests=0
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
trap 'echo "booking failed: unexpected answer, line $LINENO (request ${REQUEST_ID-none})" >&2' ERR

# call METHOD PATH [JSON [KEY]]: sends one request and sets STATUS and BODY. A refused one returns 1 with CODE, MESSAGE and
# REQUEST_ID: the shell's nearest thing to an exception. (Not for use in $(...), where the variables would be lost.)
call() {
  local method=$1 path=$2 json=${3-} key attempt out wait repeatable
  requests=$((requests + 1))
  # One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
  # arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
  REQUEST_ID=book-$run-$requests
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
fail() { die "booking failed: $STATUS $CODE: $MESSAGE (request $REQUEST_ID)"; }

must() { call "$@" || fail; }

# expect NAME VALUE: the field of the last answer has that value. The value found is not shown: it may be a name.
expect() { [[ $(field "$1") == "$2" ]] || die "not as expected: the field $1 (request $REQUEST_ID)"; }

expect_status() { [[ $STATUS == "$1" ]] || die "not as expected: $STATUS for $1 (request $REQUEST_ID)"; }

# first_of NAME: makes the first object of that list the BODY; fails if the list is empty. (The objects hold no braces.)
first_of() {
  local pattern="\"$1\"[[:space:]]*:[[:space:]]*\\[[[:space:]]*(\\{[^}]*\\})"
  [[ $BODY =~ $pattern ]] || return 1
  BODY=${BASH_REMATCH[1]}
}

# expect_resources: the last answer takes the staff and the room.
expect_resources() {
  local pattern="\"resourceIds\"[[:space:]]*:[[:space:]]*\\[[[:space:]]*\"$staff\"[[:space:]]*,[[:space:]]*\"$room\"[[:space:]]*\\]"
  [[ $BODY =~ $pattern ]] || die "not as expected: staff and room (request $REQUEST_ID)"
}

# search: the first slot of the day becomes the BODY.
search() {
  must GET "/availability?serviceId=$service&from=$day&to=$day&limit=1"
  first_of slots || die "not as expected: no slot (request $REQUEST_ID)"
}

# hold DATE TIME: holds the slot, or if somebody was faster, the next one that is free; looking at five at most.
hold() {
  local date=$1 time=$2 attempt
  for ((attempt = 1; attempt <= 5; attempt++)); do
    if call POST /holds "{\"serviceId\":\"$service\",\"date\":\"$date\",\"time\":\"$time\",\"minutes\":5}"; then return 0; fi
    # The refusal says what is free instead. It reserves nothing: the next try may be too late, too.
    [[ $CODE == TIME_CONFLICT ]] && first_of nextFree || fail
    date=$(field date) time=$(field time)
  done
  die 'booking failed: five slots in a row were taken'
}

# A day of ten far-away years, so that a run finds it empty. Each run has staff and a room of its own. Months of 28 days spare us
# `date`, whose options differ from system to system.
offset=$((16#${run:0:8} % (10 * 12 * 28)))
printf -v day '%04d-%02d-%02d' $((2030 + offset / 336)) $((offset / 28 % 12 + 1)) $((offset % 28 + 1))

# --- What can be booked. Pasting values into JSON text is safe only because all of them are made here, without quotes or
# backslashes.
#
# Without a time zone there are no instants. A schedule that somebody has set stays as it is: PUT replaces all of it.
must GET /schedule
if [[ $(field updatedAt) == null ]]; then
  must PUT /schedule '{"timeZone":"Asia/Jerusalem","slotStep":30}'
fi

weekly=
for weekday in sunday monday tuesday wednesday thursday friday saturday; do
  weekly+="${weekly:+,}{\"day\":\"$weekday\",\"opens\":\"09:00\",\"closes\":\"17:00\"}"
done
must POST /resources '{"name":"נועה","kind":"staff"}'
staff=$(field id)
must POST /resources '{"name":"חדר 1","kind":"room"}'
room=$(field id)
for resource in "$staff" "$room"; do
  must PUT "/resources/$resource/hours" "{\"weekly\":[$weekly]}"
done
# One group for each thing that a booking takes; a group may have several resources to choose from.
must POST /services "{\"name\":\"עיסוי\",\"serviceType\":\"treatment\",\"duration\":50,\"bufferAfter\":10,\"slotStep\":30,
  \"needs\":[{\"resources\":[\"$staff\"]},{\"resources\":[\"$room\"]}]}"
service=$(field id)
echo "service created: $service, with staff $staff and room $room"

# --- Find a slot, hold it, book it.
search
expect time 09:00
expect_resources
slot_date=$(field date) slot_time=$(field time)
echo "slot found: at $slot_time"

hold "$slot_date" "$slot_time"
expect time "$slot_time"
expect_resources
held=$(field id)
echo "slot held: $held until $(field heldUntil)"

# Somebody else wants the same slot: the room is taken until 10:00, for 50 minutes and a buffer of 10.
hold "$slot_date" "$slot_time"
expect time 10:00
other=$(field id)
echo 'same slot again: taken, so 10:00 is held'
must DELETE "/holds/$other"
echo 'second hold released'

# The customer and the booking in one call: both are written, or neither is. The key is your order number; keep it with the
# request, so that you can repeat it until there is an answer.
order="{\"holdId\":\"$held\",\"customer\":{\"email\":\"book+$run@example.com\",\"name\":\"נועה לוי\",\"phone\":\"050-0000000\"}}"
must POST /appointments "$order" "order-$run"
expect_status 201
expect status confirmed
expect id "$held" # the hold has become the appointment
expect serviceId "$service"
expect time "$slot_time"
expect_resources
answer=$BODY
echo "appointment booked: $held, $(field localStart) to $(field localEnd)"

must POST /appointments "$order" "order-$run"
[[ $BODY == "$answer" ]] || die "not as expected: another answer to the same request (request $REQUEST_ID)"
echo 'booking sent again: the same appointment'

search
expect time 10:00
echo 'search again: the slot is gone'

# --- A resource that is booked can't be deactivated without `force`, so the order matters.
must DELETE "/appointments/$held"
must DELETE "/services/$service"
for resource in "$staff" "$room"; do
  must DELETE "/resources/$resource"
done
echo 'appointment cancelled; service, staff and room deactivated'
