<?php

// Finds a slot, holds it and books it, with the ChatGrow API. PHP 8.1 or later with the curl extension.
//
//   CHATGROW_API_KEY=cg_live_... php book.php

declare(strict_types=1);

// A little over the server's own limit (REQUEST_TIMEOUT_MS, 30 s): its answer says more than our hanging up.
const TIMEOUT_S = 35;
const MAX_TRIES = 4;
// Told to wait longer than this, we give up: coming back sooner would only be refused again.
const MAX_WAIT_S = 120;

/** The API's error envelope. */
final class ApiError extends RuntimeException
{
    /** @param list<array{date: string, time: string}> $nextFree */
    public function __construct(
        public readonly int $status,
        public readonly string $errorCode, // Exception keeps `code` for itself
        string $message,
        public readonly string $requestId,
        public readonly array $nextFree = [],
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
    public function call(string $method, string $path, ?array $body = null, ?string $key = null): array
    {
        // One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often
        // it arrives; as X-Request-Id it shows the tries together in the server's log. No personal data in it.
        $requestId = sprintf('book-%s-%d', $this->run, ++$this->requests);
        $key ??= $requestId;
        $headers = ["X-API-Key: {$this->apiKey}", "X-Request-Id: {$requestId}", "Idempotency-Key: {$key}"];
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
                    $answer['nextFree'] ?? [],
                );
            }
            sleep((int) $wait);
        }
    }

    /** Creates a resource with opening hours of its own; returns its id. */
    public function createResource(string $name, string $kind): string
    {
        $days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
        $open = fn (string $day): array => ['day' => $day, 'opens' => '09:00', 'closes' => '17:00'];
        $id = $this->call('POST', '/resources', ['name' => $name, 'kind' => $kind])[1]['resource']['id'];
        $this->call('PUT', "/resources/{$id}/hours", ['weekly' => array_map($open, $days)]);
        return $id;
    }

    /**
     * The first slots of the day.
     *
     * @return list<array<string, mixed>>
     */
    public function search(string $service, string $day): array
    {
        $query = http_build_query(['serviceId' => $service, 'from' => $day, 'to' => $day, 'limit' => 3]);
        return $this->call('GET', "/availability?{$query}")[1]['slots'];
    }

    /**
     * Holds the slot, or if somebody was faster, the next one that is free; looking at five at most.
     *
     * @return array<string, mixed> the hold
     */
    public function hold(string $service, array $slot): array
    {
        for ($attempt = 1; $attempt <= 5; $attempt++) {
            $wish = ['serviceId' => $service, 'date' => $slot['date'], 'time' => $slot['time'], 'minutes' => 5];
            try {
                return $this->call('POST', '/holds', $wish)[1]['hold'];
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

function book(ChatGrow $api, string $run): void
{
    // Without a time zone there are no instants. A schedule that somebody has set stays as it is: PUT replaces all of it.
    if ($api->call('GET', '/schedule')[1]['schedule']['updatedAt'] === null) {
        $api->call('PUT', '/schedule', ['timeZone' => 'Asia/Jerusalem', 'slotStep' => 30]);
    }
    $staff = $api->createResource('נועה', 'staff');
    $room = $api->createResource('חדר 1', 'room');
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
    $days = hexdec(substr($run, 0, 8)) % 3650;
    $day = (new DateTimeImmutable("2030-01-01 +{$days} days", new DateTimeZone('UTC')))->format('Y-m-d');
    $slots = $api->search($service, $day);
    check(count($slots) === 3 && $slots[0]['time'] === '09:00', "the day's first slot is the opening");
    check($slots[0]['resourceIds'] === [$staff, $room], 'the slot takes the staff and the room');
    say('slots found: ' . count($slots) . ", the first at {$slots[0]['time']}");

    $held = $api->hold($service, $slots[0]);
    check($held['time'] === $slots[0]['time'] && $held['resourceIds'] === [$staff, $room], 'a hold of the first slot');
    say("slot held: {$held['id']} until {$held['heldUntil']}");

    // Somebody else wants the same slot: the room is taken until 10:00, for 50 minutes and a buffer of 10.
    $other = $api->hold($service, $slots[0]);
    check($other['time'] === '10:00', 'the next slot that is free');
    say("same slot again: taken, so {$other['time']} is held");
    $api->call('DELETE', "/holds/{$other['id']}");
    say('second hold released');

    // The customer and the booking in one call: both are written, or neither is. The key is your order number; keep it
    // with the request, so that you can repeat it until there is an answer.
    $order = [
        'holdId' => $held['id'],
        'customer' => ['email' => "book+{$run}@example.com", 'name' => 'נועה לוי', 'phone' => '050-0000000'],
    ];
    [$status, $answer] = $api->call('POST', '/appointments', $order, "order-{$run}");
    $appointment = $answer['appointment'];
    check($status === 201 && $appointment['status'] === 'confirmed', 'a confirmed appointment');
    check($appointment['id'] === $held['id'], "the hold's id is the appointment's");
    check($appointment['serviceId'] === $service && $appointment['resourceIds'] === [$staff, $room], 'what was held');
    check($appointment['localStart'] === $held['localStart'], 'the slot that was held');
    say("appointment booked: {$appointment['id']}, {$appointment['localStart']} to {$appointment['localEnd']}");

    [, $again] = $api->call('POST', '/appointments', $order, "order-{$run}");
    check($again === $answer, 'the same answer to the same request');
    say('booking sent again: the same appointment');

    check($api->search($service, $day)[0]['time'] === '10:00', 'the slot is not offered any more');
    say('search again: the slot is gone');

    // A resource that is booked can't be deactivated without `force`, so the order matters.
    $api->call('DELETE', "/appointments/{$appointment['id']}");
    $api->call('DELETE', "/services/{$service}");
    foreach ([$staff, $room] as $resource) {
        $api->call('DELETE', "/resources/{$resource}");
    }
    say('appointment cancelled; service, staff and room deactivated');
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
    book(new ChatGrow($base, $apiKey, $run), $run);
} catch (ApiError $error) {
    $reason = "{$error->status} {$error->errorCode}: {$error->getMessage()}";
    fwrite(STDERR, "booking failed: {$reason} (request {$error->requestId})\n");
    exit(1);
} catch (Throwable $error) {
    fwrite(STDERR, "booking failed: {$error->getMessage()}\n");
    exit(1);
}
