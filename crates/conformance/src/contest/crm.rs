//! Contests for customers: their addresses and their versions.

use super::{Tenants, assert_one_wins, contest, two_callers};
use crate::{
    crm::customer::{renamed, with_email},
    customer_with_email, new_account, new_customer,
};
use chatgrow_domain::{Customer, CustomerRefusal};
use chatgrow_ports::{Commit, Failure, Stores};
use std::cell::RefCell;

/// Two customers want one address, by inserts and by updates.
#[expect(
    clippy::async_yields_async,
    reason = "what a call needs is made first; the call begins later"
)]
pub async fn customer_emails_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    let kinds = [(false, false), (false, true), (true, false), (true, true)];
    contest(&kinds, async |round, (first_moves, second_moves)| {
        let (account, _) = tenants.tenant(round).await;
        let want = async |stores: &Stores, moves, email: String| {
            let customer = if moves {
                new_customer(stores, account).await
            } else {
                customer_with_email(&email)
            };
            let customers = stores.crm.customers.clone();
            async move {
                if moves {
                    let moved = with_email(&customer, &email);
                    return customers.update(account, &moved, Commit::default()).await;
                }
                customers.insert(account, &customer, Commit::default()).await
            }
        };
        let email = |letter| format!("{letter}{}@example.com", round.number);
        let first = want(&one, first_moves, email("d")).await;
        let second = want(&other, second_moves, email("D")).await;
        let outcomes = round.both(first, second).await;
        let taken = |error: &_| matches!(error, Failure::Refused(CustomerRefusal::EmailTaken));
        assert_one_wins(&outcomes, "the address of a customer", taken);
    })
    .await;
}

/// Two updates of one version of a customer.
pub async fn customer_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let account = new_account(&one).await;
    let customer = new_customer(&one, account).await;
    let present = RefCell::new(customer);
    contest(&[()], async |round, ()| {
        let update = |stores: &Stores, name| {
            let (customers, next) = (
                stores.crm.customers.clone(),
                renamed(&present.borrow(), &format!("{name}{}", round.number)),
            );
            async move {
                customers
                    .update(account, &next, Commit::default())
                    .await
                    .map(|()| next)
            }
        };
        let outcomes = round.both(update(&one, "Dana"), update(&other, "Noa")).await;
        let stale = |error: &_| matches!(error, Failure::Refused(CustomerRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of a customer", stale);
        let winner: Customer = outcomes.0.or(outcomes.1).unwrap();
        let read = one
            .crm
            .customers
            .by_email(account, &winner.email.key())
            .await
            .unwrap();
        assert_eq!(
            read,
            Some(winner.clone()),
            "the update that succeeded is what is kept"
        );
        present.replace(winner);
    })
    .await;
}
