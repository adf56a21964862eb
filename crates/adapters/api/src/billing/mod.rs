//! What is paid for: payments and refunds, the payment of bookings, and the payment systems that tell of them.

pub(crate) mod booking;
pub(crate) mod inbound;
pub(crate) mod payment;
mod payment_notice;
pub(crate) mod payment_source;
mod source_values;
mod values;

use crate::routes::{Context, Endpoint, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{PaymentId, PaymentSourceId, Scope};

const ID: &str = "The payment's id.";

const SOURCE_ID: &str = "The source's id.";

/// The paths of payments and of payment sources.
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
        tags: vec![
            (
                "Payments",
                "What payment systems tell: what was paid for bookings, and what was given back.",
            ),
            (
                "Payment sources",
                "Payment systems that tell of payments by signed notices, and what came of these.",
            ),
        ],
        endpoints: [payments, payment, refunds]
            .into_iter()
            .chain(sources())
            .collect(),
    }
}

fn sources() -> Vec<Endpoint> {
    let (read, write) = (Scope::PaymentsRead, Scope::PaymentsWrite);
    let sources = endpoint!("/payment-sources")
        .needs(read, write)
        .on(
            Method::POST,
            payment_source::create,
            payment_source::CREATE_ERRORS,
        )
        .on(Method::GET, payment_source::list, payment_source::LIST_ERRORS);
    let source = endpoint!("/payment-sources/{id}")
        .needs(read, write)
        .names::<PaymentSourceId>("id", SOURCE_ID)
        .on(Method::GET, payment_source::get, payment_source::GET_ERRORS)
        .on(Method::PATCH, payment_source::edit, payment_source::EDIT_ERRORS)
        .on(
            Method::DELETE,
            payment_source::remove,
            payment_source::REMOVE_ERRORS,
        );
    let rotation = endpoint!("/payment-sources/{id}/rotate-secret")
        .needs(read, write)
        .names::<PaymentSourceId>("id", SOURCE_ID)
        .on(
            Method::POST,
            payment_source::rotate,
            payment_source::ROTATE_ERRORS,
        );
    let test = endpoint!("/payment-sources/{id}/test")
        .needs(read, write)
        .names::<PaymentSourceId>("id", SOURCE_ID)
        .on(Method::POST, payment_source::test, payment_source::TEST_ERRORS);
    let notices = endpoint!("/payment-sources/{id}/notices")
        .needs(read, write)
        .names::<PaymentSourceId>("id", SOURCE_ID)
        .on(Method::GET, payment_notice::list, payment_notice::LIST_ERRORS);
    vec![sources, source, rotation, test, notices]
}
