//! Amounts: wei as gwei, tokens as dollars, percentages. Whole numbers throughout.

use crate::error::Error;
use alloy_primitives::U256;

/// Decimals of a dollar price that count.
const PRICE_DECIMALS: u32 = 6;

/// Wei in a token.
const WEI: u128 = 1_000_000_000_000_000_000;

/// Groups of three digits: 1234567 as `1,234,567`.
pub fn thousands(value: u128) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// [`thousands`] with a sign.
pub fn signed(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "+" };
    format!("{sign}{}", thousands(value.unsigned_abs()))
}

/// Wei as gwei with three decimals, rounded down: `49,471.706`.
pub fn gwei(wei: u128) -> String {
    format!("{}.{:03}", thousands(wei / 1_000_000_000), wei / 1_000_000 % 1_000)
}

/// A decimal number without sign or exponent, as a multiple of `10^-decimals`.
fn decimal(text: &str, decimals: u32) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = usize::try_from(decimals).is_ok_and(|decimals| fraction.len() <= decimals);
    if whole.is_empty() || !digits(whole) || !digits(fraction) || !fits {
        return None;
    }
    let missing = decimals.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let whole = whole.parse::<u128>().ok()?.checked_mul(10u128.checked_pow(decimals)?)?;
    whole.checked_add(fraction.checked_mul(10u128.checked_pow(missing)?)?)
}

/// An amount or a price in dollars, in millionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(u128);

impl Dollars {
    /// Reads `2510` or `0.25`.
    ///
    /// # Errors
    /// [`Error::Amount`] for anything else, and for more than six decimals.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let value = decimal(text, PRICE_DECIMALS);
        value.map(Self).ok_or(Error::Amount {
            text: text.to_owned(),
            expected: "an amount of dollars like 2510 or 0.25, with at most six decimals",
        })
    }

    /// What an amount of wei is worth at this price of a token, rounded up: a budget errs to the safe
    /// side. Saturates.
    pub fn of_wei(self, wei: u128) -> Self {
        let product = U256::from(wei) * U256::from(self.0);
        let value = product.div_ceil(U256::from(WEI));
        Self(value.try_into().unwrap_or(u128::MAX))
    }

    /// Millionths of a dollar.
    pub const fn millionths(self) -> u128 {
        self.0
    }
}

impl std::fmt::Display for Dollars {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "${}.{:06}", thousands(self.0 / 1_000_000), self.0 % 1_000_000)
    }
}

/// A percentage in hundredths of a per cent.
///
/// # Errors
/// [`Error::Amount`] unless the text is like `0.5%`.
pub fn basis_points(text: &str) -> Result<u64, Error> {
    let value = text.strip_suffix('%').and_then(|number| decimal(number.trim(), 2));
    value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value <= 1_000_000).ok_or(
        Error::Amount {
            text: text.to_owned(),
            expected: "a percentage like 0.5%, with at most two decimals",
        },
    )
}

/// Change from `before` to `after` in per cent, with two decimals and a sign.
pub fn percent(before: i128, after: i128) -> String {
    if before == 0 {
        return if after == 0 { "+0.00%".into() } else { "new".into() };
    }
    let hundredths = (after - before).saturating_mul(10_000) / before.abs();
    let sign = if hundredths < 0 { "-" } else { "+" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}%", size / 100, size % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        assert_eq!(Dollars::parse("2510").unwrap().millionths(), 2_510_000_000);
        assert_eq!(Dollars::parse("0.000001").unwrap().millionths(), 1);
        for bad in [
            "",
            ".",
            ".5",
            "-1",
            "1e3",
            "0.0000001",
            "1,000",
            "$5",
            " 1",
            "99999999999999999999999999999999999999999",
        ] {
            assert!(Dollars::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(basis_points("0.5%").unwrap(), 50);
        assert_eq!(basis_points("0%").unwrap(), 0);
        for bad in ["0.5", "%", "-1%", "0.555%", "99999%"] {
            assert!(basis_points(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_worth_what_they_are() {
        let price = Dollars::parse("2510").unwrap();
        assert_eq!(price.of_wei(WEI).to_string(), "$2,510.000000");
        assert_eq!(price.of_wei(1).to_string(), "$0.000001", "rounded up");
        assert_eq!(price.of_wei(0).millionths(), 0);
        assert_eq!(Dollars(u128::MAX).of_wei(u128::MAX).millionths(), u128::MAX);
        assert_eq!(gwei(49_471_706_685_240), "49,471.706");
        assert_eq!(signed(-1234), "-1,234");
        assert_eq!(percent(200, 205), "+2.50%");
        assert_eq!(percent(-200, -100), "+50.00%");
        assert_eq!(percent(0, 5), "new");
    }
}
