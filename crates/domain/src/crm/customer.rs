//! Customers: the people whom an account serves. An e-mail address is unique within an account.

use crate::{
    ChangeRefusal, EmailAddress, Invalid, Notes, Refusal, Revised, Revision, Timestamp, Version,
    ids::id_type, text::text_type,
};

id_type! {
    /// The id of a [`Customer`].
    CustomerId
}

text_type! {
    /// A customer's name.
    CustomerName, 200, single line
}

/// A phone number as its owner wrote it, such as `050-1234567` or `*6050`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone(PhoneText);

text_type! {
    /// The text of a phone number, not yet checked for a digit.
    PhoneText, 50, single line
}

impl Phone {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = PhoneText::MAX_CHARS;

    /// Accepts a number, unchanged.
    ///
    /// # Errors
    /// [`Invalid::TooLong`], [`Invalid::Missing`] if it is blank, [`Invalid::ControlCharacter`], or [`Invalid::Phone`]
    /// if it has no digit.
    pub fn new(number: impl Into<String>) -> Result<Self, Invalid> {
        let text = PhoneText::new(number)?;
        if text.as_str().bytes().any(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(Invalid::Phone)
        }
    }

    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A person whom an account serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The customer's id.
    pub id: CustomerId,
    /// The person's name.
    pub name: CustomerName,
    /// The person's e-mail address, unique in the account by its [key](EmailAddress::key).
    pub email: EmailAddress,
    /// The person's phone number.
    pub phone: Option<Phone>,
    /// Free notes.
    pub notes: Option<Notes>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the customer last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// The fields of a customer that a caller provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// See [`Customer::name`].
    pub name: CustomerName,
    /// See [`Customer::email`].
    pub email: EmailAddress,
    /// See [`Customer::phone`].
    pub phone: Option<Phone>,
    /// See [`Customer::notes`].
    pub notes: Option<Notes>,
}

/// A change of some fields. The outer `None` leaves a field unchanged; `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerEdit {
    /// A new name.
    pub name: Option<CustomerName>,
    /// A new e-mail address.
    pub email: Option<EmailAddress>,
    /// A new phone number, or `Some(None)` to clear it.
    pub phone: Option<Option<Phone>>,
    /// New notes, or `Some(None)` to clear them.
    pub notes: Option<Option<Notes>>,
}

/// What an appointment or a registration shows of its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerSummary {
    /// See [`Customer::id`].
    pub id: CustomerId,
    /// See [`Customer::name`].
    pub name: CustomerName,
    /// See [`Customer::email`].
    pub email: EmailAddress,
    /// See [`Customer::version`].
    pub version: Version,
}

impl Revised for Customer {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why a customer can't be found, created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustomerRefusal {
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    NotFound,
    /// Another customer of the account has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The customer is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for CustomerRefusal {}

impl ChangeRefusal for CustomerRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Customer {
    /// A new customer, in its first version.
    #[must_use]
    pub fn new(id: CustomerId, new: NewCustomer, now: Timestamp) -> Self {
        let NewCustomer {
            name,
            email,
            phone,
            notes,
        } = new;
        Self {
            id,
            name,
            email,
            phone,
            notes,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    #[must_use]
    pub fn edited(&self, edit: CustomerEdit, now: Timestamp) -> Self {
        let mut next = self.clone();
        if let Some(name) = edit.name {
            next.name = name;
        }
        if let Some(email) = edit.email {
            next.email = email;
        }
        if let Some(phone) = edit.phone {
            next.phone = phone;
        }
        if let Some(notes) = edit.notes {
            next.notes = notes;
        }
        if next != *self {
            next.updated_at = now;
            next.version = self.version.next();
        }
        next
    }

    /// The state in which `new` replaces everything that a caller provides. The id and the time of creation stay.
    #[must_use]
    pub fn replaced(&self, new: NewCustomer, now: Timestamp) -> Self {
        let NewCustomer {
            name,
            email,
            phone,
            notes,
        } = new;
        self.edited(
            CustomerEdit {
                name: Some(name),
                email: Some(email),
                phone: Some(phone),
                notes: Some(notes),
            },
            now,
        )
    }

    /// What an appointment or a registration shows of this customer.
    #[must_use]
    pub fn summary(&self) -> CustomerSummary {
        CustomerSummary {
            id: self.id,
            name: self.name.clone(),
            email: self.email.clone(),
            version: self.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn customer() -> Customer {
        let new = NewCustomer {
            name: CustomerName::new("ישראל ישראלי").unwrap(),
            email: EmailAddress::new("israel@example.com").unwrap(),
            phone: Some(Phone::new("050-1234567").unwrap()),
            notes: None,
        };
        Customer::new(CustomerId::new(ObjectId::from_bytes([1; 12])), new, at(1))
    }

    #[test]
    fn a_phone_number_has_a_digit() {
        assert_eq!(Phone::new("n/a"), Err(Invalid::Phone));
        assert!(Phone::new("+972 (50) 123-4567 ext. 3").is_ok());
        assert!(Phone::new("*6050").is_ok());
    }

    #[test]
    fn an_edit_changes_only_what_it_names() {
        let before = customer();
        let after = before.edited(
            CustomerEdit {
                phone: Some(None),
                ..CustomerEdit::default()
            },
            at(2),
        );
        assert_eq!(
            after,
            Customer {
                phone: None,
                updated_at: at(2),
                version: before.version.next(),
                ..before
            }
        );
    }

    #[test]
    fn an_edit_to_the_same_is_no_edit() {
        let before = customer();
        let edit = CustomerEdit {
            name: Some(before.name.clone()),
            ..CustomerEdit::default()
        };
        assert_eq!(before.edited(edit, at(2)), before);
    }

    #[test]
    fn a_replacement_keeps_id_and_creation() {
        let before = customer();
        let email = EmailAddress::new("ISRAEL@example.com").unwrap();
        let new = NewCustomer {
            name: before.name.clone(),
            email: email.clone(),
            phone: None,
            notes: None,
        };
        let after = before.replaced(new, at(2));
        assert_eq!(
            after,
            Customer {
                email,
                phone: None,
                updated_at: at(2),
                version: before.version.next(),
                ..before
            }
        );
    }
}
