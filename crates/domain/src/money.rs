//! Money: whole minor units (cents, agorot), never binary floating point.

use crate::Invalid;
use rust_decimal::Decimal;
use std::{fmt, str::FromStr};

/// An amount in minor units, from 0 to 99 999 999 999. It displays as the shortest JSON number: `150`, `149.9`, `0.05`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// The largest amount, in minor units.
    pub const MAX_MINOR: i64 = 99_999_999_999;

    /// An amount of `minor` units.
    ///
    /// # Errors
    /// [`Invalid::Money`] if it is negative or above [`Money::MAX_MINOR`].
    pub fn from_minor(minor: i64) -> Result<Self, Invalid> {
        if (0..=Self::MAX_MINOR).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err(Invalid::Money)
        }
    }

    /// Parses a JSON number (RFC 8259, section 6) exactly; it may have an exponent.
    ///
    /// # Errors
    /// [`Invalid::Money`] if it is not a number, is out of range, or needs more than two decimals.
    pub fn parse(number: &str) -> Result<Self, Invalid> {
        let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let amount = Decimal::from_str_exact(digits)
            .map_err(|_| Invalid::Money)?
            .normalize();
        // The amount in minor units is `mantissa` times ten to the power of `shift`.
        let shift = exponent
            .parse::<i64>()
            .ok()
            .and_then(|exponent| exponent.checked_add(2 - i64::from(amount.scale())));
        let power = shift
            .and_then(|shift| u32::try_from(shift).ok())
            .and_then(|shift| 10_i128.checked_pow(shift));
        let minor = match (amount.mantissa(), power) {
            (0, _) => Some(0),
            (mantissa, power) => power.and_then(|power| mantissa.checked_mul(power)),
        };
        Self::from_minor(
            minor
                .and_then(|minor| minor.try_into().ok())
                .ok_or(Invalid::Money)?,
        )
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn as_minor(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.0, 2).normalize().fmt(f)
    }
}

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Its alphabetic code: three capital letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(code: &str) -> Result<Self, Invalid> {
        crate::text::not_blank(code)?;
        iso_currency::Currency::from_code(code)
            .map(Self)
            .ok_or(Invalid::Currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_the_shortest_form() {
        for (read, written) in [
            ("150", "150"),
            ("149.9", "149.9"),
            ("149.90", "149.9"),
            ("149.900", "149.9"),
            ("0", "0"),
            ("-0", "0"),
            ("0.05", "0.05"),
            ("1.5e2", "150"),
            ("15E-2", "0.15"),
            ("999999999.99", "999999999.99"),
            ("100", "100"),
            ("1.5000000000000000000000000E2", "150"),
            ("0e99999999999999999999", "0"),
            ("0.00e-5", "0"),
        ] {
            assert_eq!(Money::parse(read).unwrap().to_string(), written, "{read}");
        }
    }

    #[test]
    fn refuses_what_is_not_exact_in_two_decimals() {
        for number in [
            "-1",
            "-0.01",
            "0.001",
            "1e-3",
            "1000000000",
            "999999999.991",
            "1e400",
            "1e28",
            "1.500000000000000000000000000000000000000001e2",
            "1e-9999999999",
            "0.0149999999999999999999999999999999",
            "NaN",
            "",
            "1,5",
            "0x10",
        ] {
            assert_eq!(Money::parse(number), Err(Invalid::Money), "{number}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(minor in 0..=Money::MAX_MINOR) {
            let money = Money::from_minor(minor).unwrap();
            prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,40}") {
            let _ = Money::parse(&text);
        }
    }
}
