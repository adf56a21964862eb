//! The columns of a booking's bill.

use crate::columns::RowReader;
use chatgrow_domain::{Bill, Money};
use chatgrow_ports::StoreError;

/// The columns, in the order of the tables: currency, amount, deposit, paid, refunded. All are null, or none is.
pub(crate) type BillColumns = (Option<String>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// The columns of a bill.
pub(crate) fn columns(bill: Option<&Bill>) -> BillColumns {
    (
        bill.map(|bill| bill.currency.code().to_owned()),
        bill.map(|bill| bill.amount.as_minor()),
        bill.map(|bill| bill.deposit.as_minor()),
        bill.map(|bill| bill.paid),
        bill.map(|bill| bill.refunded),
    )
}

/// The bill in these columns of a row.
pub(crate) fn read(read: &RowReader, columns: BillColumns) -> Result<Option<Bill>, StoreError> {
    let (Some(currency), amount, deposit, paid, refunded) = columns else {
        return Ok(None);
    };
    let bill = Bill::new(
        read.get("currency", currency.parse())?,
        read.get("amount_minor", Money::from_minor(amount.unwrap_or(-1)))?,
        read.get("deposit_minor", Money::from_minor(deposit.unwrap_or(-1)))?,
    );
    Ok(Some(Bill {
        paid: read.get("paid_minor", paid.ok_or(()))?,
        refunded: read.get("refunded_minor", refunded.ok_or(()))?,
        ..bill
    }))
}
