<?php
// A bridge for payment systems that call without a signature: it takes only the id of a transaction from the call, asks the payment system for
// it, and passes on what that answers, signed as Standard Webhooks says. docs/payments.md tells the whole story.
//
// CHATGROW_SOURCE is the address of a payment source of the kind `standard-webhooks`, and CHATGROW_SECRET its secret (whsec_…).
// PAYMENT_SYSTEM is where transactions are asked for. Put the page on your web host and have it called as payment-bridge.php?id=…, or run
// `php payment-bridge.php ID`.
declare(strict_types=1);

function setting(string $name): string
{
    $value = getenv($name);
    if ($value === false || $value === '') {
        throw new RuntimeException("$name is missing");
    }
    return $value;
}

/** Sends a request, and returns the answer's body. */
function ask(string $url, ?string $body = null, array $headers = []): string
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 35, CURLOPT_HTTPHEADER => $headers]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    }
    $answer = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($answer === false || $status < 200 || $status > 299) {
        throw new RuntimeException("$status from " . parse_url($url, PHP_URL_HOST) . ': ' . ($answer ?: curl_error($curl)));
    }
    return $answer;
}

/**
 * Asks the payment system for a transaction: the only place that knows it. Replace the call and the names of its fields, and send your
 * credentials with it.
 */
function transaction(string $id): array
{
    $found = json_decode(ask(setting('PAYMENT_SYSTEM') . '/transactions/' . rawurlencode($id)), true, 16, JSON_THROW_ON_ERROR);
    return [
        'id' => (string) $found['id'], 'paid' => $found['paid'], 'amount' => $found['amount'], 'currency' => $found['currency'],
        'reference' => $found['reference'],
    ];
}

/** Tells ChatGrow of a payment. The same transaction has the same id, so it counts once, however often it is told. */
function tell(array $payment): void
{
    $body = json_encode([
        'type' => $payment['paid'] ? 'payment.succeeded' : 'payment.failed',
        'data' => [
            'reference' => $payment['reference'], 'externalId' => $payment['id'], 'amount' => $payment['amount'],
            'currency' => $payment['currency'],
        ],
    ], JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);
    // The id of a notice has no dots; that of a transaction may have.
    $notice = hash('sha256', $payment['id']) . ($payment['paid'] ? '-paid' : '-failed');
    $time = (string) time();
    $key = base64_decode(preg_replace('/^whsec_/', '', setting('CHATGROW_SECRET')), true);
    $signature = base64_encode(hash_hmac('sha256', "$notice.$time.$body", $key, true));
    ask(setting('CHATGROW_SOURCE'), $body, [
        "webhook-id: $notice", "webhook-timestamp: $time", "webhook-signature: v1,$signature", 'content-type: application/json',
    ]);
}

// Answers 2xx only once ChatGrow has taken it. So the payment system calls again if anything fails in between.
$id = $argv[1] ?? $_REQUEST['id'] ?? '';
try {
    if (!is_string($id) || $id === '') {
        throw new RuntimeException('the id is missing');
    }
    tell(transaction($id));
    http_response_code(204);
} catch (Throwable $error) {
    error_log($error->getMessage());
    http_response_code(503);
    exit(1);
}
