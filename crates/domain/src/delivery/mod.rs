//! What others are told: the log of changes.

mod change;
mod change_type;

pub use change::{Actor, Change, ChangeData, ChangeId};
pub use change_type::{ChangeType, ChangeTypes, SubjectKind};
