//! What is said by one word elsewhere, in the words of the console.

use crate::words::Words;
use chatgrow_domain::{ChangeType, DeliveryStatus, SendFailure, SubjectKind, TypePatterns};

/// How many types a list names, at most.
const SOME: usize = 3;

impl Words {
    /// What was done: `Appointment booked`.
    pub(super) fn change(self, kind: ChangeType) -> String {
        self.named("change", kind.as_str())
    }

    /// A kind of resources: `Appointments`.
    pub(super) fn subject(self, kind: SubjectKind) -> String {
        self.named("subject", kind.as_str())
    }

    /// How a delivery stands.
    pub(super) fn delivery_status(self, status: DeliveryStatus) -> String {
        self.named("delivery-status", status.as_str())
    }

    /// What came of a try: the status that was answered, or why there was no answer.
    pub(super) fn outcome(self, outcome: Result<u16, SendFailure>) -> String {
        match outcome {
            Ok(status) => self.of("attempt-answered", "status", status),
            Err(failure) => self.named("failure", failure.as_str()),
        }
    }

    /// The first of the chosen types, and how many others there are.
    pub(super) fn types(self, chosen: &TypePatterns) -> String {
        let patterns = chosen.patterns();
        let mut named: Vec<_> = patterns
            .iter()
            .take(SOME)
            .map(|pattern| self.pattern(pattern))
            .collect();
        if patterns.len() > SOME {
            named.push(self.count("webhook-more-types", patterns.len() - SOME));
        }
        named.join(", ")
    }

    /// What a pattern selects. One of a later version stands for itself.
    fn pattern(self, pattern: &str) -> String {
        let kind = pattern.strip_suffix(".*").and_then(|kind| kind.parse().ok());
        match (pattern, kind, pattern.parse()) {
            ("*", ..) => self.text("webhook-all-types"),
            (_, Some(kind), _) => self.subject(kind),
            (_, _, Ok(kind)) => self.change(kind),
            _ => pattern.to_owned(),
        }
    }

    fn named(self, what: &str, name: &str) -> String {
        self.text(&format!("{what}-{}", name.replace(['.', '_'], "-")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::Language;

    const T: Words = Words(Language::English);

    #[test]
    fn everything_has_a_name() {
        let changes = ChangeType::ALL.iter().map(|kind| T.change(*kind));
        let subjects = SubjectKind::ALL.iter().map(|kind| T.subject(*kind));
        let statuses = DeliveryStatus::ALL
            .iter()
            .map(|status| T.delivery_status(*status));
        let failures = SendFailure::ALL.iter().map(|failure| T.outcome(Err(*failure)));
        for name in changes.chain(subjects).chain(statuses).chain(failures) {
            assert!(
                name.contains(' ') || name.starts_with(char::is_uppercase),
                "{name}"
            );
        }
    }

    #[test]
    fn some_types_are_named_and_the_others_counted() {
        let types = |patterns: &str| T.types(&TypePatterns::stored(patterns).unwrap());
        assert_eq!(types("*"), "Everything");
        assert_eq!(
            types("customer.* event.created later.on"),
            "Customers, Event published, later.on"
        );
        assert_eq!(
            types("customer.* hold.* event.* block.* user.*"),
            "Customers, Holds, Events, and \u{2068}2\u{2069} more"
        );
    }
}
