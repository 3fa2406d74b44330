//! Dates as year-month-day, in the Gregorian calendar.

/// The date of a Unix timestamp in seconds (UTC).
pub(crate) fn of_timestamp(seconds: u64) -> String {
    // Days to civil date by eras of 400 years that begin on 1 March (H. Hinnant, "chrono-compatible
    // low-level date algorithms"). A u64 of seconds is below 2^48 days: nothing here overflows.
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days from 1970-01-01 to a date, where it is one from then on.
pub(crate) fn days(date: &str) -> Option<u64> {
    let mut parts = date.split('-');
    let mut part = |length: usize| -> Option<u64> {
        let text = parts.next()?;
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    if parts.next().is_some() || year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let total = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = total.checked_sub(719_468)?;
    // A day that the month does not have comes back as another date.
    (of_timestamp(days * 86_400) == date).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::{days, of_timestamp};

    #[test]
    fn timestamps_and_dates_agree() {
        // Activation times of hard forks, as published.
        for (seconds, date) in [
            (0, "1970-01-01"),
            (1_764_798_551, "2025-12-03"),
            (1_783_526_401, "2026-07-08"),
            (1_709_164_800, "2024-02-29"),
        ] {
            assert_eq!(of_timestamp(seconds), date);
            assert_eq!(days(date), Some(seconds / 86_400));
        }
        of_timestamp(u64::MAX);
        for wrong in
            ["", "2026", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-00-10", "2026-01-01-", "x"]
        {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }
}
