<?php

// Finds a slot, holds it and books it, with the ChatGrow API. PHP 8.1 or later with the curl extension.
//
//   CHATGROW_API_KEY=cg_live_... php book.php

declare(strict_types=1);

require __DIR__ . '/client.php';

/** Creates a resource with opening hours of its own; returns its id. */
function createResource(ChatGrow $api, string $name, string $kind): string
{
    $days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
    $open = fn (string $day): array => ['day' => $day, 'opens' => '09:00', 'closes' => '17:00'];
    $id = $api->call('POST', '/resources', ['name' => $name, 'kind' => $kind])[1]['resource']['id'];
    $api->call('PUT', "/resources/{$id}/hours", ['weekly' => array_map($open, $days)]);
    return $id;
}

/**
 * The first slots of the day.
 *
 * @return list<array<string, mixed>>
 */
function search(ChatGrow $api, string $service, string $day): array
{
    $query = http_build_query(['serviceId' => $service, 'from' => $day, 'to' => $day, 'limit' => 3]);
    return $api->call('GET', "/availability?{$query}")[1]['slots'];
}

/**
 * Holds the slot, or if somebody was faster, the next one that is free; looking at five at most.
 *
 * @return array<string, mixed> the hold
 */
function hold(ChatGrow $api, string $service, array $slot): array
{
    for ($attempt = 1; $attempt <= 5; $attempt++) {
        $wish = ['serviceId' => $service, 'date' => $slot['date'], 'time' => $slot['time'], 'minutes' => 5];
        try {
            return $api->call('POST', '/holds', $wish)[1]['hold'];
        } catch (ApiError $error) {
            // The refusal says what is free instead. It reserves nothing: the next try may be too late, too.
            if ($error->errorCode !== 'TIME_CONFLICT' || $error->nextFree === []) {
                throw $error;
            }
            $slot = $error->nextFree[0];
        }
    }
    throw new RuntimeException('five slots in a row were taken');
}

function book(ChatGrow $api): void
{
    // Without a time zone there are no instants. A schedule that somebody has set stays as it is: PUT replaces all of it.
    if ($api->call('GET', '/schedule')[1]['schedule']['updatedAt'] === null) {
        $api->call('PUT', '/schedule', ['timeZone' => 'Asia/Jerusalem', 'slotStep' => 30]);
    }
    $staff = createResource($api, 'נועה', 'staff');
    $room = createResource($api, 'חדר 1', 'room');
    $service = $api->call('POST', '/services', [
        'name' => 'עיסוי',
        'serviceType' => 'treatment',
        'duration' => 50,
        'bufferAfter' => 10,
        'slotStep' => 30,
        // One group for each thing that a booking takes; a group may have several resources to choose from.
        'needs' => [['resources' => [$staff]], ['resources' => [$room]]],
    ])[1]['service']['id'];
    say("service created: {$service}, with staff {$staff} and room {$room}");

    // A day of ten far-away years, so that a run finds it empty. Each run has staff and a room of its own.
    $days = hexdec(substr($api->run, 0, 8)) % 3650;
    $day = (new DateTimeImmutable("2030-01-01 +{$days} days", new DateTimeZone('UTC')))->format('Y-m-d');
    $slots = search($api, $service, $day);
    check(count($slots) === 3 && $slots[0]['time'] === '09:00', "the day's first slot is the opening");
    check($slots[0]['resourceIds'] === [$staff, $room], 'the slot takes the staff and the room');
    say('slots found: ' . count($slots) . ", the first at {$slots[0]['time']}");

    $held = hold($api, $service, $slots[0]);
    check($held['time'] === $slots[0]['time'] && $held['resourceIds'] === [$staff, $room], 'a hold of the first slot');
    say("slot held: {$held['id']} until {$held['heldUntil']}");

    // Somebody else wants the same slot: the room is taken until 10:00, for 50 minutes and a buffer of 10.
    $other = hold($api, $service, $slots[0]);
    check($other['time'] === '10:00', 'the next slot that is free');
    say("same slot again: taken, so {$other['time']} is held");
    $api->call('DELETE', "/holds/{$other['id']}");
    say('second hold released');

    // The customer and the booking in one call: both are written, or neither is. The key is your order number; keep it
    // with the request, so that you can repeat it until there is an answer.
    $order = [
        'holdId' => $held['id'],
        'customer' => ['email' => "book+{$api->run}@example.com", 'name' => 'נועה לוי', 'phone' => '050-0000000'],
    ];
    [$status, $answer] = $api->call('POST', '/appointments', $order, "order-{$api->run}");
    $appointment = $answer['appointment'];
    check($status === 201 && $appointment['status'] === 'confirmed', 'a confirmed appointment');
    check($appointment['id'] === $held['id'], "the hold's id is the appointment's");
    check($appointment['serviceId'] === $service && $appointment['resourceIds'] === [$staff, $room], 'what was held');
    check($appointment['localStart'] === $held['localStart'], 'the slot that was held');
    say("appointment booked: {$appointment['id']}, {$appointment['localStart']} to {$appointment['localEnd']}");

    [, $again] = $api->call('POST', '/appointments', $order, "order-{$api->run}");
    check($again === $answer, 'the same answer to the same request');
    say('booking sent again: the same appointment');

    check(search($api, $service, $day)[0]['time'] === '10:00', 'the slot is not offered any more');
    say('search again: the slot is gone');

    // A resource that is booked can't be deactivated without `force`, so the order matters.
    $api->call('DELETE', "/appointments/{$appointment['id']}");
    $api->call('DELETE', "/services/{$service}");
    foreach ([$staff, $room] as $resource) {
        $api->call('DELETE', "/resources/{$resource}");
    }
    say('appointment cancelled; service, staff and room deactivated');
}

start(book(...));
