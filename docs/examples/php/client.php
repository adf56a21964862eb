<?php

// A client of the ChatGrow API, for the programs beside it. PHP 8.1 or later with the curl extension.

declare(strict_types=1);

define('PROGRAM', basename($argv[0], '.php'));

// A little over the server's own limit (REQUEST_TIMEOUT_MS, 30 s): its answer says more than our hanging up.
const TIMEOUT_S = 35;
const MAX_TRIES = 4;
// Told to wait longer than this, we give up: coming back sooner would only be refused again.
const MAX_WAIT_S = 120;

/** The API's error envelope. */
final class ApiError extends RuntimeException
{
    /**
     * @param list<array{field: string, message: string}> $details
     * @param list<array{date: string, time: string}> $nextFree
     */
    public function __construct(
        public readonly int $status,
        public readonly string $errorCode, // Exception keeps `code` for itself
        string $message,
        public readonly string $requestId,
        public readonly array $details = [],
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
        public readonly string $run, // tells this run's data from others'
    ) {
    }

    /**
     * Sends one request. `$key` is the Idempotency-Key, if the caller keeps one.
     *
     * @return array{0: int, 1: array<string, mixed>} the status and the answer
     */
    public function call(string $method, string $path, ?array $body = null, ?string $key = null): array
    {
        // One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often
        // it arrives; as X-Request-Id it shows the tries together in the server's log. No personal data in it.
        $requestId = sprintf('%s-%s-%d', PROGRAM, $this->run, ++$this->requests);
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
                    $answer['details'] ?? [],
                    $answer['nextFree'] ?? [],
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

/** Runs the program, and tells how it failed. */
function start(callable $program): void
{
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
        $program(new ChatGrow($base, $apiKey, $run));
    } catch (ApiError $error) {
        $reason = "{$error->status} {$error->errorCode}: {$error->getMessage()}";
        fwrite(STDERR, PROGRAM . " failed: {$reason} (request {$error->requestId})\n");
        exit(1);
    } catch (Throwable $error) {
        fwrite(STDERR, PROGRAM . " failed: {$error->getMessage()}\n");
        exit(1);
    }
}
