//! `migrations/refused.sql`, for the adapters' tests.

/// A statement that a store has to refuse.
pub struct Refused {
    /// The statement.
    pub sql: String,
    /// The guard that must refuse it, if the file names one.
    pub guard: Option<&'static str>,
}

/// The columns of an appointment that the file fills.
const BOOKING: &str = "(account_id, id, kind, customer_id, starts_at, ends_at, blocks_from, blocks_until, service_type, \
    notes, status, created_at, updated_at, version)";

/// The statements that set up rows, and those that a store has to refuse. `id` writes an id of twelve equal bytes in
/// the store's dialect.
#[must_use]
#[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "test code")]
pub fn statements(id: impl Fn(u8) -> String) -> (String, Vec<Refused>) {
    let with_ids = |sql: &str| {
        (b'1'..=b'9').fold(sql.replace("$booking", BOOKING), |sql, digit| {
            sql.replace(&format!("${}", char::from(digit)), &id(digit - b'0'))
        })
    };
    let text = include_str!("../../../../migrations/refused.sql");
    let (setup, rest) = text
        .split_once("\n\n-- Two in one slot")
        .expect("the statements to refuse come after the rows");
    let refused = rest
        .lines()
        .filter_map(|line| line.split_once(';'))
        .map(|(sql, comment)| Refused {
            sql: with_ids(sql),
            guard: comment.strip_prefix(" -- "),
        });
    (with_ids(setup), refused.collect())
}
