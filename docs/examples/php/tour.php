<?php

// A tour of the ChatGrow API: customers, appointments, events. PHP 8.1 or later with the curl extension.
//
//   CHATGROW_API_KEY=cg_live_... php tour.php

declare(strict_types=1);

require __DIR__ . '/client.php';

/**
 * Sends a request for the first slot that is free, looking at ten at most.
 *
 * @return array{0: int, 1: array<string, mixed>} the slot and the appointment
 */
function inFreeSlot(ChatGrow $api, int $first, string $method, string $path, array $body = []): array
{
    for ($slot = $first; $slot < $first + 10; $slot++) {
        try {
            [, $answer] = $api->call($method, $path, $body + slotTime($slot));
            return [$slot, $answer['appointment']];
        } catch (ApiError $error) {
            if ($error->errorCode !== 'TIME_CONFLICT') {
                throw $error;
            }
        }
    }
    throw new RuntimeException('ten slots in a row are taken');
}

/** Sends a request that must be refused with $code; returns the error. */
function refused(ChatGrow $api, string $code, string $method, string $path, array $body): ApiError
{
    try {
        $api->call($method, $path, $body);
    } catch (ApiError $error) {
        return $error->errorCode === $code ? $error : throw $error;
    }
    throw new RuntimeException("not as expected: the request should be refused with {$code}");
}

/** Slots are the hours of ten far-away years, counted from 2030; each run starts at a random one. */
function slotTime(int $slot): array
{
    $start = new DateTimeImmutable("2030-01-01 +{$slot} hours", new DateTimeZone('UTC'));
    return ['date' => $start->format('Y-m-d'), 'time' => $start->format('H:i')];
}

function tour(ChatGrow $api): void
{
    $firstSlot = hexdec(substr($api->run, 0, 8)) % (10 * 365 * 24);
    // The plus sign is legal in an address and means a space in a query string: always encode.
    $email = "tour+{$api->run}@example.com";
    $customerPath = '/customers/' . rawurlencode($email);
    $customer = ['name' => 'נועה לוי', 'phone' => '050-0000000', 'notes' => 'לקוחת הדגמה'];

    // Customers. PUT creates or replaces, so a sync job can repeat it without asking first what is there.
    [$status, $created] = $api->call('PUT', $customerPath, $customer);
    check($status === 201, 'a new customer is 201');
    // The id goes into the log; name, e-mail and phone do not.
    say("customer created: {$created['customer']['id']}");

    $read = $api->call('GET', $customerPath)[1]['customer'];
    check($read['id'] === $created['customer']['id'], 'the same customer');
    check($read['email'] === $email && $read['name'] === $customer['name'], 'the customer as sent');
    say('customer read back: the same');

    // Every bad field is named at once, so a form can mark them all.
    $invalid = refused($api, 'VALIDATION_ERROR', 'POST', '/appointments', [
        'customerEmail' => $email,
        'date' => '2030-02-30',
        'time' => '25:00',
        'serviceType' => 'nap',
        'duration' => 0,
    ]);
    check($invalid->status === 400, 'a validation error is 400');
    $missing = array_diff(['date', 'time', 'serviceType', 'duration'], array_column($invalid->details, 'field'));
    check($missing === [], 'a detail for every bad field');
    $details = array_map(fn (array $detail): string => "{$detail['field']}: {$detail['message']}", $invalid->details);
    say('validation error: ' . implode(' | ', $details));

    // Appointments.
    $visit = ['customerEmail' => $email, 'serviceType' => 'consultation', 'duration' => 60];
    [$slot, $appointment] = inFreeSlot($api, $firstSlot, 'POST', '/appointments', $visit);
    $when = slotTime($slot);
    check($appointment['status'] === 'confirmed' && $appointment['time'] === $when['time'], 'a confirmed appointment');
    say("appointment booked: {$appointment['id']} on {$when['date']} at {$when['time']}");

    $conflict = refused($api, 'TIME_CONFLICT', 'POST', '/appointments', $visit + $when);
    check($conflict->status === 409, 'a conflict is 409');
    say("same slot again: refused, {$conflict->errorCode} ({$conflict->getMessage()})");

    [$movedSlot, $moved] = inFreeSlot($api, $slot + 1, 'PATCH', "/appointments/{$appointment['id']}");
    $when = slotTime($movedSlot);
    check($moved['id'] === $appointment['id'] && $moved['time'] === $when['time'], 'the same appointment at the new time');
    say("appointment moved: to {$when['date']} at {$when['time']}");

    [, $second] = inFreeSlot($api, $slot, 'POST', '/appointments', $visit);
    say("second appointment booked: {$second['id']}, the move has freed its slot");

    $listed = [];
    // One item a page, only to see the cursor at work: 50 (the default) to 500 is sensible.
    foreach ($api->listAll('/appointments', 'appointments', ['customerEmail' => $email, 'limit' => 1]) as $item) {
        $listed[] = $item['id'];
    }
    check(count($listed) === 2, 'two appointments in the list');
    check(array_diff([$appointment['id'], $second['id']], $listed) === [], 'both appointments in the list');
    say('appointments listed: ' . count($listed) . ', following nextCursor');

    foreach ($listed as $id) {
        // Cancelling what is cancelled is 200 again: after a lost answer, just repeat it.
        $api->call('DELETE', "/appointments/{$id}");
        $api->call('DELETE', "/appointments/{$id}");
        [, $after] = $api->call('GET', "/appointments/{$id}");
        check($after['appointment']['status'] === 'cancelled', 'a cancelled appointment');
    }
    say('appointments cancelled: each twice, without harm');

    // Events.
    [, $answer] = $api->call('POST', '/events', [
        'title' => 'סדנת היכרות',
        'maxParticipants' => 1,
        'price' => 49.9,
    ] + slotTime($firstSlot));
    $event = $answer['event'];
    check($event['status'] === 'active' && $event['currentParticipants'] === 0, 'an active, empty event');
    check($event['price'] === 49.9, 'the price as sent');
    say("event created: {$event['id']}, one place");

    $registrations = "/events/{$event['id']}/registrations";
    $registration = $api->call('POST', $registrations, ['customerEmail' => $email])[1]['registration'];
    check($registration['eventId'] === $event['id'], 'a registration for the event');
    check($registration['customerId'] === $read['id'], 'a registration of the customer');
    say("customer registered: {$registration['id']}");

    $twice = refused($api, 'ALREADY_REGISTERED', 'POST', $registrations, ['customerEmail' => $email]);
    check($twice->status === 409, 'a second registration is 409');
    say("registering again: refused, {$twice->errorCode} ({$twice->getMessage()})");

    $registered = iterator_to_array($api->listAll($registrations, 'registrations'));
    check(array_column($registered, 'id') === [$registration['id']], 'the one registration in the list');
    say('registrations listed: ' . count($registered));

    $api->call('DELETE', "{$registrations}/{$registration['id']}");
    [, $after] = $api->call('GET', "/events/{$event['id']}");
    check($after['event']['currentParticipants'] === 0, 'the place is free again');
    say('customer unregistered: the place is free again');

    [, $done] = $api->call('PATCH', "/events/{$event['id']}", ['status' => 'completed']);
    check($done['event']['status'] === 'completed', 'a completed event');
    say('event completed');
}

start(tour(...));
