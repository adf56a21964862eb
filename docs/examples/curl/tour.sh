#!/usr/bin/env bash
# A tour of the ChatGrow API: customers, appointments, events. bash 3.2 or later and curl, nothing else.
#
#   CHATGROW_API_KEY=cg_live_... ./tour.sh

source "$(dirname "$0")/client.sh"

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
  die "$program failed: ten slots in a row are taken"
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
