//! What is paid for: the terms of a booking, the ledger of what was paid and given back, and what payment systems tell.

mod bill;
mod hmac_format;
mod notice;
mod payment;
mod payment_source;
mod provider;
mod target;
mod terms;

pub use bill::{Bill, PaymentStanding};
pub use hmac_format::{
    AmountUnit, CurrencyPlace, HeaderName, HmacFormat, HmacTypes, JsonPointer, SignatureEncoding,
};
pub use notice::{
    NoticeKey, NoticeOutcome, NoticeProblem, NoticeReference, NoticeRefusal, NoticeType, PaymentNotice,
    PaymentNoticeId, ReadNotice, ToldNotice,
};
pub use payment::{
    Attention, Payment, PaymentEdit, PaymentId, PaymentKind, PaymentRefusal, PaymentStatus, ToldPayment,
};
pub use payment_source::{
    InboundToken, NoticeFormat, NoticeKind, NoticeSecret, PaymentSource, PaymentSourceEdit, PaymentSourceId,
    PaymentSourceRefusal, SourceName,
};
pub use provider::{ExternalId, Provider};
pub use target::PaymentTarget;
pub use terms::{PaymentTerms, PaymentTime};
