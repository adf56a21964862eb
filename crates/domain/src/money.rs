//! Money: whole minor units (cents, agorot), never binary floating point.

use crate::Invalid;
use rust_decimal::Decimal;
use std::{fmt, str::FromStr};

/// An amount in minor units, from 0 to 99 999 999 999. It displays as the shortest JSON number: `150`, `149.9`, `0.05`.
/// That is of a currency whose major unit has a hundred minor ones; [`in_currency`](Money::in_currency) displays it in
/// any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

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
        Self::parse_with(2, number).ok_or(Invalid::Money)
    }

    /// Parses a JSON number exactly, as [`parse`](Self::parse) does, with the decimals of a currency.
    ///
    /// # Errors
    /// [`Invalid::Amount`] if it is not a number, is out of range, or needs more decimals than the currency has.
    pub fn parse_in(currency: Currency, number: &str) -> Result<Self, Invalid> {
        let decimals = currency.decimals();
        Self::parse_with(decimals, number).ok_or(Invalid::Amount {
            max: Amount {
                minor: Self::MAX_MINOR,
                decimals,
            },
            decimals,
        })
    }

    /// Parses the amount of a payment, as [`parse_in`](Self::parse_in) does. It is more than 0.
    ///
    /// # Errors
    /// As in [`parse_in`](Self::parse_in), or [`Invalid::NothingDue`] if it is 0.
    pub fn parse_paid(currency: Currency, number: &str) -> Result<Self, Invalid> {
        match Self::parse_in(currency, number)? {
            Self::ZERO => Err(Invalid::NothingDue),
            amount => Ok(amount),
        }
    }

    fn parse_with(decimals: u32, number: &str) -> Option<Self> {
        let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        // `Decimal` takes more than JSON does.
        if digits.contains(['_', '+']) {
            return None;
        }
        let amount = Decimal::from_str_exact(digits).ok()?.normalize();
        // The amount in minor units is `mantissa` times ten to the power of `shift`.
        let shift = exponent
            .parse::<i64>()
            .ok()
            .and_then(|exponent| exponent.checked_add(i64::from(decimals) - i64::from(amount.scale())));
        let power = shift
            .and_then(|shift| u32::try_from(shift).ok())
            .and_then(|shift| 10_i128.checked_pow(shift));
        let minor = match (amount.mantissa(), power) {
            (0, _) => Some(0),
            (mantissa, power) => power.and_then(|power| mantissa.checked_mul(power)),
        };
        Self::from_minor(minor?.try_into().ok()?).ok()
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn as_minor(self) -> i64 {
        self.0
    }

    /// The amount as the shortest JSON number of major units of that currency.
    #[must_use]
    pub fn in_currency(self, currency: Currency) -> Amount {
        Amount::new(self.0, currency)
    }
}

/// Some minor units of a currency, for display: the shortest JSON number of major units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    decimals: u32,
}

impl Amount {
    pub(crate) fn new(minor: i64, currency: Currency) -> Self {
        Self {
            minor,
            decimals: currency.decimals(),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.minor, self.decimals).normalize().fmt(f)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = 2;
        Amount {
            minor: self.0,
            decimals,
        }
        .fmt(f)
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

    /// How many decimals an amount in major units has: 2 of ILS, 0 of JPY, 3 of KWD. What has no minor unit, such as
    /// gold (XAU), has none.
    #[must_use]
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
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
            "1_0",
            "+10",
            "0x10",
        ] {
            assert_eq!(Money::parse(number), Err(Invalid::Money), "{number}");
        }
    }

    #[test]
    fn a_currency_has_its_own_decimals() {
        for (code, read, minor) in [
            ("ILS", "149.90", 14990),
            ("JPY", "150", 150),
            ("JPY", "1.5e3", 1500),
            ("KWD", "1.234", 1234),
            ("KWD", "99999999.999", Money::MAX_MINOR),
            ("CLF", "0.0001", 1),
            ("XAU", "3", 3),
        ] {
            let currency: Currency = code.parse().unwrap();
            let money = Money::parse_in(currency, read).unwrap();
            assert_eq!(money.as_minor(), minor, "{code} {read}");
            let shown = money.in_currency(currency).to_string();
            assert_eq!(Money::parse_in(currency, &shown), Ok(money), "{code} {shown}");
        }
        for (code, read) in [
            ("JPY", "0.5"),
            ("ILS", "0.005"),
            ("KWD", "100000000"),
            ("ILS", "-1"),
        ] {
            let refused = Money::parse_in(code.parse().unwrap(), read);
            assert!(matches!(refused, Err(Invalid::Amount { .. })), "{code} {read}");
        }
        let yen = Money::parse_in("JPY".parse().unwrap(), "0.5").unwrap_err();
        assert_eq!(
            yen.to_string(),
            "must be a number from 0 to 99999999999 with at most 0 decimals"
        );
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
