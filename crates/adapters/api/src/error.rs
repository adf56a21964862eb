//! Every way in which a request can fail, in one table of status, code and message.
//!
//! `docs/errors.md` tells clients what to do about each. A test compares it and the OpenAPI document with this table.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use chatgrow_domain::{Refusal, Scope};
use chatgrow_ports::{Failure, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $message:literal;)+) => {
        /// Something that can be wrong with a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Problem {
            $($(#[$doc])* $name,)+
        }

        impl Problem {
            /// Every problem.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its status, its code (the body's `error`) and its message.
            #[must_use]
            pub const fn describe(self) -> (StatusCode, &'static str, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $code, $message),)+
                }
            }
        }
    };
}

problems! {
    /// The body, the query string or the path breaks a rule; the message of the answer says which.
    Validation = BAD_REQUEST, "VALIDATION_ERROR", "The request is not valid";
    /// The key is missing, malformed, unknown, revoked or expired.
    Unauthenticated = UNAUTHORIZED, "Authentication failed", "Invalid API Key";
    /// The key lacks the scope that the operation needs; the message names it.
    InsufficientScope = FORBIDDEN, "INSUFFICIENT_SCOPE", "The API key lacks the scope that this needs";
    /// A key can't make or change a key that could do more than itself.
    KeyExceedsCaller = FORBIDDEN, "INSUFFICIENT_SCOPE", "The key could do more than the one that the request came with";
    /// The key has an allow-list, and the client's address is not on it.
    AddressNotAllowed = FORBIDDEN, "ADDRESS_NOT_ALLOWED", "The API key can't be used from this address";
    /// The account has no customer with that address.
    CustomerNotFound = NOT_FOUND, "NOT_FOUND", "Customer not found";
    /// The account has no such appointment.
    AppointmentNotFound = NOT_FOUND, "NOT_FOUND", "Appointment not found";
    /// The account has no such resource.
    ResourceNotFound = NOT_FOUND, "NOT_FOUND", "Resource not found";
    /// The account has no such service.
    ServiceNotFound = NOT_FOUND, "NOT_FOUND", "Service not found";
    /// The account has no such event.
    EventNotFound = NOT_FOUND, "NOT_FOUND", "Event not found";
    /// The event has no such registration.
    RegistrationNotFound = NOT_FOUND, "NOT_FOUND", "Registration not found";
    /// The account has no such API key.
    ApiKeyNotFound = NOT_FOUND, "NOT_FOUND", "API key not found";
    /// The account has no such webhook endpoint.
    WebhookEndpointNotFound = NOT_FOUND, "NOT_FOUND", "Webhook endpoint not found";
    /// The endpoint has no such delivery.
    DeliveryNotFound = NOT_FOUND, "NOT_FOUND", "Delivery not found";
    /// The API has no such path.
    PathNotFound = NOT_FOUND, "NOT_FOUND", "Path not found";
    /// The path has no such method; the `Allow` header lists those it has.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Method not allowed";
    /// The body did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "The request body did not arrive in time";
    /// Another customer of the account has the e-mail address.
    CustomerExists = CONFLICT, "CUSTOMER_EXISTS", "Customer already exists";
    /// The account has no such hold.
    HoldNotFound = NOT_FOUND, "NOT_FOUND", "Hold not found";
    /// The account has no such block.
    BlockNotFound = NOT_FOUND, "NOT_FOUND", "Block not found";
    /// Something else occupies the slot.
    TimeConflict = CONFLICT, "TIME_CONFLICT", "Time slot is already booked";
    /// The slot is outside of the opening hours.
    OutsideHours = CONFLICT, "OUTSIDE_HOURS", "The slot is outside of the opening hours";
    /// The notice is too short.
    TooSoon = CONFLICT, "TOO_SOON", "The slot is too soon to be booked";
    /// The slot is past the horizon.
    TooFar = CONFLICT, "TOO_FAR", "The slot is too far ahead to be booked";
    /// The hold has expired.
    HoldExpired = CONFLICT, "HOLD_EXPIRED", "The hold has expired";
    /// An appointment that is not confirmed keeps its status.
    AppointmentStatusFinal = CONFLICT, "INVALID_STATUS", "Appointment status cannot change this way";
    /// A cancelled appointment can't be moved.
    AppointmentCancelled = CONFLICT, "APPOINTMENT_CANCELLED", "Appointment is cancelled";
    /// An appointment that was not paid in time can't be moved.
    AppointmentExpired = CONFLICT, "APPOINTMENT_EXPIRED", "Appointment has expired, because it was not paid in time";
    /// The account has no such payment.
    PaymentNotFound = NOT_FOUND, "NOT_FOUND", "Payment not found";
    /// The account has no such payment source.
    PaymentSourceNotFound = NOT_FOUND, "NOT_FOUND", "Payment source not found";
    /// A notice doesn't prove that it comes from its source.
    NoticeUnverified = BAD_REQUEST, "INVALID_SIGNATURE", "The signature is missing, wrong or too old";
    /// Other facts are known of the payment.
    PaymentMismatch = CONFLICT, "PAYMENT_MISMATCH", "This payment is known with another amount, currency or booking";
    /// The currency is not that of the booking or of the payment.
    CurrencyMismatch = CONFLICT, "CURRENCY_MISMATCH", "The currency is not that of the booking or of the payment";
    /// More would be given back than was paid.
    RefundTooLarge = CONFLICT, "REFUND_TOO_LARGE", "The refund is more than is left of the payment";
    /// A resource that is booked in the future can't be taken out of use.
    ResourceBooked = CONFLICT, "RESOURCE_BOOKED", "Resource has bookings in the future";
    /// A completed or cancelled event keeps its status.
    InvalidStatus = CONFLICT, "INVALID_STATUS", "Event status cannot change this way";
    /// Every place is taken.
    EventFull = CONFLICT, "EVENT_FULL", "Event is full";
    /// More people are registered than the new maximum.
    CapacityTooSmall = CONFLICT, "EVENT_FULL", "maxParticipants cannot be lower than currentParticipants";
    /// The customer has a place at the event.
    AlreadyRegistered = CONFLICT, "ALREADY_REGISTERED", "Customer is already registered for this event";
    /// A completed or cancelled event takes no registrations.
    EventNotActive = CONFLICT, "EVENT_NOT_ACTIVE", "Event is not active";
    /// A revoked API key stays as it is.
    ApiKeyRevoked = CONFLICT, "KEY_REVOKED", "The API key is revoked";
    /// An API key that has expired can't be rotated.
    ApiKeyExpired = CONFLICT, "KEY_EXPIRED", "The API key has expired";
    /// An API key can be rotated once. Its successor can be rotated.
    ApiKeyRotated = CONFLICT, "KEY_ROTATED", "The API key was rotated already";
    /// The account has as many webhook endpoints as it may have.
    TooManyWebhookEndpoints = CONFLICT, "TOO_MANY_WEBHOOK_ENDPOINTS", "An account can have 50 webhook endpoints";
    /// The webhook endpoint waits for no change.
    NothingToSkip = CONFLICT, "NOTHING_TO_SKIP", "The webhook endpoint waits for no change";
    /// The same request is in progress.
    IdempotencyInProgress = CONFLICT, "IDEMPOTENCY_IN_PROGRESS", "A request with this Idempotency-Key is in progress";
    /// The key was used for a different request.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another request";
    /// Changes after the cursor are not kept any more, or the cursor is of another store, or of the time before a
    /// restore.
    CursorExpired = GONE, "CURSOR_EXPIRED", "The cursor has expired: take a new one with after=now, then read the resources anew";
    /// The resource's version doesn't match `If-Match`.
    VersionMismatch = PRECONDITION_FAILED, "VERSION_MISMATCH", "The resource is not in the version of If-Match";
    /// The path and the query string are longer than the server allows.
    TargetTooLong = URI_TOO_LONG, "URI_TOO_LONG", "The path and the query string are too long";
    /// The header fields are larger than the server allows.
    HeaderFieldsTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADER_FIELDS_TOO_LARGE", "The header fields are too large";
    /// The body is larger than the server allows.
    PayloadTooLarge = PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The request body is too large";
    /// The body is not JSON in UTF-8.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "The request body must be application/json in UTF-8";
    /// Too many requests with this key, or too many failed authentications from this address.
    RateLimited = TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests";
    /// A defect of the server; its log tells more.
    Internal = INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Internal server error";
    /// The server can't process the request now.
    Unavailable = SERVICE_UNAVAILABLE, "UNAVAILABLE", "The service is temporarily unavailable";
}

impl Problem {
    /// The kind of resource that was not found, by its name in answers.
    #[must_use]
    pub const fn resource(self) -> Option<&'static str> {
        match self {
            Self::CustomerNotFound => Some("customer"),
            Self::AppointmentNotFound => Some("appointment"),
            Self::ResourceNotFound => Some("resource"),
            Self::ServiceNotFound => Some("service"),
            Self::EventNotFound => Some("event"),
            Self::RegistrationNotFound => Some("registration"),
            Self::HoldNotFound => Some("hold"),
            Self::BlockNotFound => Some("block"),
            Self::ApiKeyNotFound => Some("apiKey"),
            Self::WebhookEndpointNotFound => Some("webhookEndpoint"),
            Self::DeliveryNotFound => Some("delivery"),
            Self::PaymentNotFound => Some("payment"),
            Self::PaymentSourceNotFound => Some("paymentSource"),
            _ => None,
        }
    }
}

/// The `Retry-After` of [`Problem::Unavailable`], in seconds.
const RETRY_AFTER_UNAVAILABLE: u64 = 1;

/// An invalid field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    pub(crate) field: Cow<'static, str>,
    pub(crate) message: String,
}

/// What helps a client whose slot can't be booked to find another.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Help {
    /// What is in the way, if it still is.
    pub(crate) conflict: Option<Box<RawValue>>,
    /// The next starts that can be booked.
    pub(crate) next_free: Vec<Box<RawValue>>,
    /// The last start before that can be booked.
    pub(crate) previous_free: Option<Box<RawValue>>,
}

/// A problem of one request.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) problem: Problem,
    message: Option<String>,
    details: Vec<FieldError>,
    help: Option<Box<Help>>,
    retry_after: Option<u64>,
    /// Only for the log.
    pub(crate) cause: Option<String>,
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        let retry_after = (problem == Problem::Unavailable).then_some(RETRY_AFTER_UNAVAILABLE);
        Self {
            problem,
            message: None,
            details: Vec::new(),
            help: None,
            retry_after,
            cause: None,
        }
    }
}

/// The body of every error.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    success: bool,
    message: &'a str,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [FieldError],
    #[serde(flatten)]
    help: Option<&'a Help>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl ApiError {
    /// A [`Problem::Validation`] with its own message.
    pub(crate) fn validation(message: impl Into<String>, details: Vec<FieldError>) -> Self {
        Self {
            message: Some(message.into()),
            details,
            ..Problem::Validation.into()
        }
    }

    /// A [`Problem::Validation`] of these fields. The message says what is wrong with each.
    pub(crate) fn of_fields(errors: Vec<FieldError>) -> Self {
        let sentences: Vec<_> = errors
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect();
        Self::validation(sentences.join("; "), errors)
    }

    /// A [`Problem::Validation`] of one field, parameter or header field.
    pub(crate) fn of_field(name: &'static str, message: impl Into<String>) -> Self {
        Self::of_fields(vec![FieldError {
            field: name.into(),
            message: message.into(),
        }])
    }

    /// A [`Problem::RateLimited`] that ends after that many seconds.
    pub(crate) fn rate_limited(retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Problem::RateLimited.into()
        }
    }

    /// The operator has given no key under which secrets could be kept.
    pub(crate) fn without_secrets_key() -> Self {
        Self::from(Problem::Unavailable)
            .with_message("The server can't keep secrets: its operator must set SECRETS_KEY")
    }

    /// A [`Problem::InsufficientScope`] that names the scope.
    pub(crate) fn insufficient(scope: Scope) -> Self {
        Self {
            message: Some(format!("The API key lacks the scope {}", scope.as_str())),
            ..Problem::InsufficientScope.into()
        }
    }

    /// The same error with a more specific message.
    pub(crate) fn with_message(self, message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..self
        }
    }

    /// The same error with what helps to find another slot.
    pub(crate) fn with_help(self, help: Help) -> Self {
        Self {
            help: Some(Box::new(help)),
            ..self
        }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.problem.describe().0
    }

    /// Adds a cause, which only the log shows.
    pub(crate) fn because(self, cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..self
        }
    }

    /// The body of the answer to the request with that id.
    #[expect(
        clippy::expect_used,
        reason = "strings and slices of strings always serialize"
    )]
    pub(crate) fn body(&self, request_id: &str) -> String {
        let (_, code, message) = self.problem.describe();
        // The contract: "exactly the guide's body".
        let request_id = (self.problem != Problem::Unauthenticated).then_some(request_id);
        let message = self.message.as_deref().unwrap_or(message);
        let envelope = Envelope {
            success: false,
            message,
            error: code,
            resource: self.problem.resource(),
            details: &self.details,
            help: self.help.as_deref(),
            request_id,
        };
        serde_json::to_string(&envelope).expect("the envelope serializes")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or(self.problem.describe().2))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Leaves the body empty. [`observe`](crate::observe) adds it, because it knows the request's id.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.finish()
    }
}

impl paperclip::v2::schema::Apiv2Errors for ApiError {}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let problem = match error {
            StoreError::Unavailable(_) => Problem::Unavailable,
            StoreError::Repeated | StoreError::InProgress => Problem::IdempotencyInProgress,
            StoreError::Corrupt { .. } | StoreError::Failed(_) => Problem::Internal,
        };
        Self::from(problem).because(error)
    }
}

impl<R: Refusal> From<Failure<R>> for ApiError
where
    Self: From<R>,
{
    fn from(failure: Failure<R>) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::NotAllowed(scope) => Self::insufficient(scope),
            Failure::Store(error) => error.into(),
        }
    }
}
