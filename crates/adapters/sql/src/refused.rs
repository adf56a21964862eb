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

/// The columns of what takes a resource.
const OCCUPYING: &str = "(account_id, id, kind, customer_id, resource_id, further_resources, service_id, starts_at, ends_at, \
    blocks_from, blocks_until, held_until, service_type, status, created_at, updated_at, version)";

/// The statements that set up rows, and those that a store has to refuse. `id` writes an id of twelve equal bytes in
/// the store's dialect.
#[must_use]
#[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "test code")]
pub fn statements(id: impl Fn(u8) -> String) -> (String, Vec<Refused>) {
    let with_ids = |sql: &str| {
        let digest = id(7).replace(&"07".repeat(12), &"07".repeat(32));
        let named = sql.replace("$booking", BOOKING).replace("$occupying", OCCUPYING);
        let named = named.replace("$digest", &digest);
        let named = (10..=12).fold(named, |sql, byte: u8| {
            sql.replace(&format!("x'{}'", format!("{byte:02x}").repeat(12)), &id(byte))
        });
        (b'1'..=b'9').fold(named, |sql, digit| {
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
