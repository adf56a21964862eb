//! What is paid for, in the words of the console.

mod paid;

pub(crate) use paid::Paid;
