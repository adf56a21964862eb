//! The search for customers by a part of what is known of them.

use crate::{Customer, Invalid, text};

/// What is searched for: words, each of which must be a part of the name, the e-mail address or the phone number.
///
/// ASCII letters are compared without case. A word that looks like a part of a phone number is compared without the
/// [separators](SearchWord::SEPARATORS) too, so `0501234` finds `050-123 4567`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm(Vec<SearchWord>);

/// A word of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWord {
    folded: String,
    digits: Option<String>,
}

impl SearchTerm {
    /// The most characters of all words.
    pub const MAX_CHARS: usize = 100;
    /// The most words.
    pub const MAX_WORDS: usize = 10;

    /// Reads words with white space between them.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if there is none, [`Invalid::TooLong`], [`Invalid::TooMany`], or
    /// [`Invalid::ControlCharacter`].
    pub fn new(text: &str) -> Result<Self, Invalid> {
        text::check(text, Self::MAX_CHARS)?;
        if text.chars().any(char::is_control) {
            return Err(Invalid::ControlCharacter);
        }
        let words: Vec<_> = text.split_whitespace().map(SearchWord::new).collect();
        if words.len() > Self::MAX_WORDS {
            return Err(Invalid::TooMany { max: Self::MAX_WORDS });
        }
        Ok(Self(words))
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[SearchWord] {
        &self.0
    }

    /// Whether the customer is one of those that are searched for.
    #[must_use]
    pub fn matches(&self, customer: &Customer) -> bool {
        self.0.iter().all(|word| word.is_in(customer))
    }
}

impl SearchWord {
    /// What people write between the digits of a phone number.
    pub const SEPARATORS: [char; 7] = [' ', '-', '(', ')', '.', '/', '+'];

    fn new(word: &str) -> Self {
        let digits = word.replace(Self::SEPARATORS, "");
        let is_phone = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Self {
            folded: word.to_ascii_lowercase(),
            digits: is_phone.then_some(digits),
        }
    }

    /// The word, with ASCII letters in lowercase.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Its digits, if it could be a part of a phone number.
    #[must_use]
    pub fn digits(&self) -> Option<&str> {
        self.digits.as_deref()
    }

    fn is_in(&self, customer: &Customer) -> bool {
        let phone = customer.phone.as_ref().map_or("", |phone| phone.as_str());
        let texts = [customer.name.as_str(), customer.email.as_str(), phone];
        let digits = |digits: &String| phone.replace(Self::SEPARATORS, "").contains(digits.as_str());
        texts
            .iter()
            .any(|text| text.to_ascii_lowercase().contains(&self.folded))
            || self.digits.as_ref().is_some_and(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CustomerId, CustomerName, EmailAddress, NewCustomer, ObjectId, Phone, Timestamp};

    fn finds(term: &str) -> bool {
        let new = NewCustomer {
            name: CustomerName::new("דנה Cohen-Lévy").unwrap(),
            email: EmailAddress::new("Dana.C@Example.com").unwrap(),
            phone: Some(Phone::new("+972 (50) 123-4567").unwrap()),
            notes: None,
        };
        let id = CustomerId::new(ObjectId::from_bytes([1; 12]));
        let customer = Customer::new(id, new, Timestamp::from_millis(0).unwrap());
        SearchTerm::new(term).unwrap().matches(&customer)
    }

    #[test]
    fn every_word_is_a_part_of_something() {
        for term in [
            "דנה",
            "נה",
            "cohen",
            "COHEN",
            "lévy",
            "a.c@ex",
            "  cohen   דנה ",
            "דנה example 4567",
            "50123",
            "123-45",
            "+97250",
            "(50)",
        ] {
            assert!(finds(term), "{term}");
        }
        for term in [
            "דינה",
            "cohen noa",
            "LÉVY",
            "5012345678",
            "%",
            "_",
            "c*",
            "50-123x",
        ] {
            assert!(!finds(term), "{term}");
        }
    }

    #[test]
    fn a_term_is_bounded() {
        assert_eq!(SearchTerm::new("  "), Err(Invalid::Missing));
        assert_eq!(
            SearchTerm::new(&"x".repeat(101)),
            Err(Invalid::TooLong { max: 100 })
        );
        assert_eq!(
            SearchTerm::new(&"x ".repeat(11)),
            Err(Invalid::TooMany { max: 10 })
        );
        assert_eq!(SearchTerm::new("a\0b"), Err(Invalid::ControlCharacter));
    }
}
