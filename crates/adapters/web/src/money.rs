//! Amounts of money as people write them.

use chatgrow_domain::Money;

/// An amount with two decimals or none: `150`, `149.90`.
pub(crate) fn amount(money: Money) -> String {
    let shortest = money.to_string();
    match shortest.split_once('.') {
        Some((_, decimals)) if decimals.len() == 1 => format!("{shortest}0"),
        _ => shortest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_two_decimals_or_none() {
        for (minor, written) in [(15000, "150"), (14990, "149.90"), (5, "0.05"), (0, "0")] {
            assert_eq!(amount(Money::from_minor(minor).unwrap()), written);
        }
    }
}
