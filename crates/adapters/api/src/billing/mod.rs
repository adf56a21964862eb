//! What is paid for: payments and refunds, and the payment of bookings.

pub(crate) mod booking;
pub(crate) mod payment;
mod values;

use crate::routes::{Context, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{PaymentId, Scope};

const ID: &str = "The payment's id.";

/// The paths of payments.
pub(crate) fn routes() -> Context {
    let (read, write) = (Scope::PaymentsRead, Scope::PaymentsWrite);
    let payments = endpoint!("/payments")
        .needs(read, write)
        .on(Method::POST, payment::record, payment::RECORD_ERRORS)
        .on(Method::GET, payment::list, payment::LIST_ERRORS);
    let payment = endpoint!("/payments/{id}")
        .needs(read, write)
        .names::<PaymentId>("id", ID)
        .on(Method::GET, payment::get, payment::GET_ERRORS)
        .on(Method::PATCH, payment::edit, payment::EDIT_ERRORS);
    let refunds = endpoint!("/payments/{id}/refunds")
        .needs(read, write)
        .names::<PaymentId>("id", ID)
        .on(Method::POST, payment::refund, payment::REFUND_ERRORS);
    Context {
        tags: vec![(
            "Payments",
            "What payment systems tell: what was paid for bookings, and what was given back.",
        )],
        endpoints: vec![payments, payment, refunds],
    }
}
