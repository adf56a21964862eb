#!/usr/bin/env bash
# Finds a slot, holds it and books it, with the ChatGrow API. bash 3.2 or later and curl, nothing else.
#
#   CHATGROW_API_KEY=cg_live_... ./book.sh

source "$(dirname "$0")/client.sh"

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
  die "$program failed: five slots in a row were taken"
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
