#!/usr/bin/env bash
# A tour of the ChatGrow API: customers, appointments, events. bash 3.2 or later and curl, nothing else.
#
#   CHATGROW_API_KEY=cg_live_... ./tour.sh

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
trap 'echo "tour failed: unexpected answer, line $LINENO (request ${REQUEST_ID-none})" >&2' ERR

# call METHOD PATH [JSON]: sends one request and sets STATUS and BODY. A refused one returns 1 with CODE, MESSAGE and
# REQUEST_ID: the shell's nearest thing to an exception. (Not for use in $(...), where the variables would be lost.)
call() {
  local method=$1 path=$2 json=${3-} attempt out wait repeatable
  requests=$((requests + 1))
  # One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
  # arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
  REQUEST_ID=tour-$run-$requests
  local options=(--silent --show-error --connect-timeout 5 --max-time "$timeout_s"
    --request "$method" --header "X-Request-Id: $REQUEST_ID" --header "Idempotency-Key: $REQUEST_ID" --dump-header "$headers" --write-out '\n%{http_code}')
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
fail() { die "tour failed: $STATUS $CODE: $MESSAGE (request $REQUEST_ID)"; }

must() { call "$@" || fail; }

# expect NAME VALUE: the field of the last answer has that value. The value found is not shown: it may be a name.
expect() { [[ $(field "$1") == "$2" ]] || die "not as expected: the field $1 (request $REQUEST_ID)"; }

expect_status() { [[ $STATUS == "$1" ]] || die "not as expected: $STATUS for $1 (request $REQUEST_ID)"; }

# refused STATUS CODE METHOD PATH JSON: the request must fail in just that way.
refused() {
  local status=$1 code=$2
  shift 2
  if call "$@"; then die "not as expected: the request should be refused with $code"; fi
  [[ $STATUS == "$status" && $CODE == "$code" ]] || fail
}

# ASCII is enough here: an example.com address, a cursor.
urlencode() {
  local LC_ALL=C text=$1 i char
  for ((i = 0; i < ${#text}; i++)); do
    char=${text:i:1}
    case $char in
      [A-Za-z0-9._~-]) printf '%s' "$char" ;;
      *) printf '%%%02X' "'$char" ;;
    esac
  done
}

# Slots are hours of ten far-away years, counted from 2030; each run starts at a random one. Months of 28 days spare us
# `date`, whose options differ from system to system.
first_slot=$((16#${run:0:8} % (10 * 12 * 28 * 24)))

slot_time() {
  local day=$(($1 / 24))
  printf -v DATE '%04d-%02d-%02d' $((2030 + day / 336)) $((day / 28 % 12 + 1)) $((day % 28 + 1))
  printf -v TIME '%02d:00' $(($1 % 24))
}

# in_free_slot FIRST METHOD PATH [MORE_FIELDS]: sends the request for the first slot that is free, looking at ten at
# most; leaves SLOT, DATE and TIME.
in_free_slot() {
  for ((SLOT = $1; SLOT < $1 + 10; SLOT++)); do
    slot_time "$SLOT"
    if call "$2" "$3" "{\"date\":\"$DATE\",\"time\":\"$TIME\"${4-}}"; then return 0; fi
    [[ $CODE == TIME_CONFLICT ]] || fail
  done
  die 'tour failed: ten slots in a row are taken'
}

# Pasting values into JSON text is safe only because all of them are made here, without quotes or backslashes.
# The plus sign is legal in an address and means a space in a query string: always encode.
email=tour+$run@example.com
customer_path=/customers/$(urlencode "$email")
name='נועה לוי'

# --- Customers. PUT creates or replaces, so a sync job can repeat it without asking first what is there.
must PUT "$customer_path" "{\"name\":\"$name\",\"phone\":\"050-0000000\",\"notes\":\"לקוחת הדגמה\"}"
expect_status 201
customer=$(field id)
# The id goes into the log; name, e-mail and phone do not.
echo "customer created: $customer"

must GET "$customer_path"
expect id "$customer"
expect email "$email"
expect name "$name"
echo 'customer read back: the same'

# Every bad field is named at once, so a form can mark them all.
refused 400 VALIDATION_ERROR POST /appointments \
  "{\"customerEmail\":\"$email\",\"date\":\"2030-02-30\",\"time\":\"25:00\",\"serviceType\":\"nap\",\"duration\":0}"
for bad in date time serviceType duration; do
  pattern="\"field\"[[:space:]]*:[[:space:]]*\"$bad\""
  [[ $BODY =~ $pattern ]] || die "not as expected: no detail for $bad (request $REQUEST_ID)"
done
pattern='"details"[[:space:]]*:[[:space:]]*(\[.*\])'
[[ $BODY =~ $pattern ]]
echo "validation error: ${BASH_REMATCH[1]}"

# --- Appointments.
visit=",\"customerEmail\":\"$email\",\"serviceType\":\"consultation\",\"duration\":60"
in_free_slot "$first_slot" POST /appointments "$visit"
expect status confirmed
expect time "$TIME"
appointment=$(field id) booked_slot=$SLOT
echo "appointment booked: $appointment on $DATE at $TIME"

refused 409 TIME_CONFLICT POST /appointments "{\"date\":\"$DATE\",\"time\":\"$TIME\"$visit}"
echo "same slot again: refused, $CODE ($MESSAGE)"

in_free_slot $((booked_slot + 1)) PATCH "/appointments/$appointment"
expect id "$appointment"
expect time "$TIME"
echo "appointment moved: to $DATE at $TIME"

in_free_slot "$booked_slot" POST /appointments "$visit"
second=$(field id)
echo "second appointment booked: $second, the move has freed its slot"

# The cursor is opaque, and null on the last page. One item a page, only to see it at work: 50 (the default) to 500 is
# sensible, with a JSON parser.
listed=() cursor=
until [[ $cursor == null ]]; do
  must GET "/appointments?customerEmail=$(urlencode "$email")&limit=1${cursor:+&cursor=$(urlencode "$cursor")}"
  expect count 1
  listed+=("$(field id)")
  cursor=$(field nextCursor)
done
[[ ${#listed[@]} == 2 && " ${listed[*]} " == *" $appointment "* && " ${listed[*]} " == *" $second "* ]] ||
  die 'not as expected: both appointments in the list'
echo "appointments listed: ${#listed[@]}, following nextCursor"

for id in "${listed[@]}"; do
  # Cancelling what is cancelled is 200 again: after a lost answer, just repeat it.
  must DELETE "/appointments/$id"
  must DELETE "/appointments/$id"
  must GET "/appointments/$id"
  expect status cancelled
done
echo 'appointments cancelled: each twice, without harm'

# --- Events.
slot_time "$first_slot"
must POST /events "{\"title\":\"סדנת היכרות\",\"date\":\"$DATE\",\"time\":\"$TIME\",\"maxParticipants\":1,\"price\":49.9}"
expect status active
expect currentParticipants 0
expect price 49.9
event=$(field id)
echo "event created: $event, one place"

must POST "/events/$event/registrations" "{\"customerEmail\":\"$email\"}"
expect eventId "$event"
expect customerId "$customer"
registration=$(field id)
echo "customer registered: $registration"

refused 409 ALREADY_REGISTERED POST "/events/$event/registrations" "{\"customerEmail\":\"$email\"}"
echo "registering again: refused, $CODE ($MESSAGE)"

# One place, so one page at most: no cursor to follow.
must GET "/events/$event/registrations"
expect count 1
expect id "$registration"
expect nextCursor null
echo 'registrations listed: 1'

must DELETE "/events/$event/registrations/$registration"
must GET "/events/$event"
expect currentParticipants 0
echo 'customer unregistered: the place is free again'

must PATCH "/events/$event" '{"status":"completed"}'
expect status completed
echo 'event completed'
