<?php

// A tour of the ChatGrow API: customers, appointments, events. PHP 8.1 or later with the curl extension.
//
//   CHATGROW_API_KEY=cg_live_... php tour.php

declare(strict_types=1);

// A little over the server's own limit (REQUEST_TIMEOUT_MS, 30 s): its answer says more than our hanging up.
const TIMEOUT_S = 35;
const MAX_TRIES = 4;
// Told to wait longer than this, we give up: coming back sooner would only be refused again.
const MAX_WAIT_S = 120;

/** The API's error envelope. */
final class ApiError extends RuntimeException
{
    /** @param list<array{field: string, message: string}> $details */
    public function __construct(
        public readonly int $status,
        public readonly string $errorCode, // Exception keeps `code` for itself
        string $message,
        public readonly string $requestId,
        public readonly array $details = [],
    ) {
        parent::__construct($message, $status);
    }
}

final class ChatGrow
{
    private int $requests = 0;

    public function __construct(
        private readonly string $base,
        private readonly string $apiKey,
        private readonly string $run,
    ) {
    }

    /**
     * Sends one request.
     *
     * @return array{0: int, 1: array<string, mixed>} the status and the answer
     */
    public function call(string $method, string $path, ?array $body = null): array
    {
        // One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often
        // it arrives; as X-Request-Id it shows the tries together in the server's log. No personal data in it.
        $requestId = sprintf('tour-%s-%d', $this->run, ++$this->requests);
        $headers = ["X-API-Key: {$this->apiKey}", "X-Request-Id: {$requestId}", "Idempotency-Key: {$requestId}"];
        $options = [];
        if ($body !== null) {
            $headers[] = 'Content-Type: application/json';
            $options[CURLOPT_POSTFIELDS] = json_encode($body, JSON_THROW_ON_ERROR);
        }

        for ($attempt = 1;; $attempt++) {
            $received = [];
            // curl does not follow redirects unless told to, and should not here: the key would go to another host.
            $curl = curl_init($this->base . $path);
            curl_setopt_array($curl, $options + [
                CURLOPT_CUSTOMREQUEST => $method,
                CURLOPT_HTTPHEADER => $headers,
                CURLOPT_RETURNTRANSFER => true,
                CURLOPT_CONNECTTIMEOUT => 5,
                CURLOPT_TIMEOUT => TIMEOUT_S,
                CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$received): int {
                    [$name, $value] = explode(':', $line, 2) + [1 => ''];
                    $received[strtolower(trim($name))] = trim($value);
                    return strlen($line);
                },
            ]);
            // 429: turned away before anything was done. 503, or no answer at all: done whole or not at all. The key tells
            // the server which, so any method may be repeated.
            $raw = curl_exec($curl);
            if ($raw === false) {
                if ($attempt === MAX_TRIES) {
                    throw new RuntimeException(curl_error($curl));
                }
                sleep(1);
                continue;
            }
            $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
            $answer = json_decode($raw, true);
            if ($status < 300 && is_array($answer)) {
                return [$status, $answer];
            }

            $repeatable = $status === 429 || $status === 503;
            $wait = $received['retry-after'] ?? '1';
            if (!$repeatable || $attempt === MAX_TRIES || !ctype_digit($wait) || (int) $wait > MAX_WAIT_S) {
                throw new ApiError(
                    $status,
                    // Something between us and the API may answer without the envelope.
                    $answer['error'] ?? "HTTP_{$status}",
                    $answer['message'] ?? 'the answer is not from the API',
                    $received['x-request-id'] ?? $requestId,
                    $answer['details'] ?? [],
                );
            }
            sleep((int) $wait);
        }
    }

    /** Every item of a list, page after page: the cursor is opaque, and null on the last page. */
    public function listAll(string $path, string $key, array $query = []): Generator
    {
        do {
            [, $page] = $this->call('GET', $path . '?' . http_build_query($query));
            foreach ($page[$key] as $item) {
                yield $item; // not `yield from`: it would repeat the keys 0, 1, ... of each page
            }
            $query['cursor'] = $page['nextCursor'];
        } while ($page['nextCursor'] !== null);
    }

    /**
     * Sends a request for the first slot that is free, looking at ten at most.
     *
     * @return array{0: int, 1: array<string, mixed>} the slot and the appointment
     */
    public function inFreeSlot(int $first, string $method, string $path, array $body = []): array
    {
        for ($slot = $first; $slot < $first + 10; $slot++) {
            try {
                [, $answer] = $this->call($method, $path, $body + slotTime($slot));
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
    public function refused(string $code, string $method, string $path, array $body): ApiError
    {
        try {
            $this->call($method, $path, $body);
        } catch (ApiError $error) {
            return $error->errorCode === $code ? $error : throw $error;
        }
        throw new RuntimeException("not as expected: the request should be refused with {$code}");
    }
}

/** Slots are the hours of ten far-away years, counted from 2030; each run starts at a random one. */
function slotTime(int $slot): array
{
    $start = new DateTimeImmutable("2030-01-01 +{$slot} hours", new DateTimeZone('UTC'));
    return ['date' => $start->format('Y-m-d'), 'time' => $start->format('H:i')];
}

function check(bool $condition, string $what): void
{
    // Not assert(), which production settings of PHP leave out.
    if (!$condition) {
        throw new RuntimeException("not as expected: {$what}");
    }
}

function say(string $line): void
{
    echo $line, PHP_EOL;
}

function tour(ChatGrow $api, string $run): void
{
    $firstSlot = hexdec(substr($run, 0, 8)) % (10 * 365 * 24);
    // The plus sign is legal in an address and means a space in a query string: always encode.
    $email = "tour+{$run}@example.com";
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
    $invalid = $api->refused('VALIDATION_ERROR', 'POST', '/appointments', [
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
    [$slot, $appointment] = $api->inFreeSlot($firstSlot, 'POST', '/appointments', $visit);
    $when = slotTime($slot);
    check($appointment['status'] === 'confirmed' && $appointment['time'] === $when['time'], 'a confirmed appointment');
    say("appointment booked: {$appointment['id']} on {$when['date']} at {$when['time']}");

    $conflict = $api->refused('TIME_CONFLICT', 'POST', '/appointments', $visit + $when);
    check($conflict->status === 409, 'a conflict is 409');
    say("same slot again: refused, {$conflict->errorCode} ({$conflict->getMessage()})");

    [$movedSlot, $moved] = $api->inFreeSlot($slot + 1, 'PATCH', "/appointments/{$appointment['id']}");
    $when = slotTime($movedSlot);
    check($moved['id'] === $appointment['id'] && $moved['time'] === $when['time'], 'the same appointment at the new time');
    say("appointment moved: to {$when['date']} at {$when['time']}");

    [, $second] = $api->inFreeSlot($slot, 'POST', '/appointments', $visit);
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

    $twice = $api->refused('ALREADY_REGISTERED', 'POST', $registrations, ['customerEmail' => $email]);
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

$apiKey = getenv('CHATGROW_API_KEY') ?: '';
if ($apiKey === '') {
    fwrite(STDERR, "CHATGROW_API_KEY is not set\n");
    exit(1);
}
$base = rtrim(getenv('CHATGROW_URL') ?: 'http://localhost:3000', '/') . '/api/webhooks';
$run = bin2hex(random_bytes(6));

// A missing field is only a warning to PHP; here it has to stop the program.
set_error_handler(function (int $level, string $message, string $file, int $line): never {
    throw new ErrorException($message, 0, $level, $file, $line);
});

// Status, code and request id are enough to find the request in the server's log; bodies and paths may hold personal
// data, so they stay out of ours.
try {
    tour(new ChatGrow($base, $apiKey, $run), $run);
} catch (ApiError $error) {
    $reason = "{$error->status} {$error->errorCode}: {$error->getMessage()}";
    fwrite(STDERR, "tour failed: {$reason} (request {$error->requestId})\n");
    exit(1);
} catch (Throwable $error) {
    fwrite(STDERR, "tour failed: {$error->getMessage()}\n");
    exit(1);
}
