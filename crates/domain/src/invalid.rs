//! Why a value is not valid, in words that an integrator can act on.

/// The rule that a value breaks. It displays as the predicate of a sentence whose subject is the
/// field's name: for `email`, "must be a valid e-mail address".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A required value is missing, null or blank.
    #[error("is required")]
    Missing,
    /// The text has more characters (Unicode scalar values) than are allowed.
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The maximum length.
        max: usize,
    },
    /// The text has fewer characters than are needed.
    #[error("must be at least {min} characters long")]
    TooShort {
        /// The minimum length.
        min: usize,
    },
    /// A single-line text contains a control character, such as a line break.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// The text contains U+0000, which not every store can keep.
    #[error("must not contain the NUL character")]
    Nul,
    /// Not an e-mail address.
    #[error("must be a valid e-mail address")]
    Email,
    /// A phone number without a digit.
    #[error("must contain at least one digit")]
    Phone,
    /// Not a slug.
    #[error("must be 1 to 63 lowercase letters, digits or hyphens, with a letter or digit at both ends")]
    Slug,
    /// Not a civil date.
    #[error("must be an existing date in the form YYYY-MM-DD")]
    Date,
    /// Not a time of day.
    #[error("must be a time of day in the 24-hour form HH:MM")]
    Time,
    /// Not a minute of the wall clock.
    #[error("must be a civil date and time in the form YYYY-MM-DDTHH:MM, or a date")]
    LocalMinute,
    /// Not an instant.
    #[error("must be an RFC 3339 instant, such as 2025-11-23T10:30:00Z")]
    Instant,
    /// Not a whole number within the range.
    #[error("must be a whole number from {min} to {max}")]
    OutOfRange {
        /// The smallest number that is allowed.
        min: i64,
        /// The largest number that is allowed.
        max: i64,
    },
    /// Too many items.
    #[error("must have at most {max} items")]
    TooMany {
        /// The maximum number.
        max: usize,
    },
    /// Not a network.
    #[error("must be an IP address, or a network such as 192.0.2.0/24")]
    Network,
    /// Not a type of changes, and not a pattern of types.
    #[error(
        "must be a type of changes, such as appointment.created, or a pattern, such as appointment.* or *"
    )]
    ChangeType,
    /// Not a cursor of the feed of changes.
    #[error("must be the nextCursor of an earlier answer, or now")]
    FeedCursor,
    /// Not the actor of a change.
    #[error("must be the id of an API key or of a user, or system")]
    Actor,
    /// Not an absolute URL, or one whose host can't exist.
    #[error("must be an absolute URL, such as https://example.com/webhooks")]
    Url,
    /// A URL with another scheme.
    #[error("must begin with {allowed}")]
    UrlScheme {
        /// The beginnings that are allowed.
        allowed: &'static str,
    },
    /// A URL with a user name or a password.
    #[error("must not have a user name or a password before the host")]
    UrlUser,
    /// A URL with a fragment.
    #[error("must not have a fragment (what comes after #)")]
    UrlFragment,
    /// A URL whose host is an address that is not public.
    #[error("must not lead to a private, local or reserved address")]
    UrlAddress,
    /// Not a secret of webhooks.
    #[error("must be whsec_ followed by 24 to 64 bytes in base64")]
    WebhookSecret,
    /// Not an id.
    #[error("must be an id: 24 lowercase hex digits")]
    Id,
    /// Not a name of a time zone.
    #[error("must be the IANA name of a time zone, such as Asia/Jerusalem")]
    TimeZone,
    /// Not a window of opening hours.
    #[error("must open from 00:00 to 23:59, and close after that, by 48:00 (the end of the next day)")]
    Opening,
    /// Not after what it has to be after.
    #[error("must be after {field}")]
    NotAfter {
        /// The field that it has to be after.
        field: &'static str,
    },
    /// Not a time at which a window of opening hours closes.
    #[error("must be a time in the form HH:MM, after opens and at most 48:00 (the end of the next day)")]
    Closing,
    /// Not a currency.
    #[error("must be a currency of ISO 4217, such as ILS")]
    Currency,
    /// Not an amount of money.
    #[error("must be a number from 0 to 999999999.99 with at most two decimals")]
    Money,
    /// Not an amount of money in a currency.
    #[error("must be a number from 0 to {max} with at most {decimals} decimals")]
    Amount {
        /// The largest amount.
        max: crate::Amount,
        /// How many decimals the currency has.
        decimals: u32,
    },
    /// Nothing would have to be paid.
    #[error("must be more than 0")]
    NothingDue,
    /// Not a part of the amount.
    #[error("must be more than 0, and at most the amount")]
    Deposit,
    /// Not the name of a header field.
    #[error("must be the name of a header field, such as X-Signature")]
    HeaderName,
    /// Not a place in a JSON text.
    #[error("must be a JSON pointer (RFC 6901), such as /data/id")]
    JsonPointer,
    /// Not the name of a payment provider.
    #[error("must be 1 to 40 lowercase letters, digits, hyphens or underscores")]
    Provider,
    /// It has an item that another list has too.
    #[error("must not have an item that is in {field} too")]
    AlsoIn {
        /// The other list.
        field: &'static str,
    },
    /// Not a member of a closed list.
    #[error("must be one of: {allowed}")]
    NotOneOf {
        /// The members, separated by commas.
        allowed: &'static str,
    },
}
