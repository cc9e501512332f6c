//! Numbers as text and as JSON.

/// Returns a time, given in milliseconds, as text with three digits: `1.01 s`, `12.3 ms`, `850 us`.
pub fn time(ms: f64) -> String {
    let (value, unit) = match ms.abs() {
        ms if ms >= 999.5 => (ms / 1e3, "s"),
        ms if ms >= 0.9995 => (ms, "ms"),
        ms => (ms * 1e3, "us"),
    };
    let value = value.copysign(ms);
    let decimals = match value.abs() {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

/// Returns a number of requests: `1 request`, `20 requests`.
pub fn requests(count: usize) -> String {
    format!("{count} request{}", if count == 1 { "" } else { "s" })
}

/// Returns a rate with two significant digits: `20 a second`; below 1 a second, the time between two: `one every 2.50 s`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        slow if slow > 0.0 && slow < 0.995 => format!("one every {}", time(1e3 / slow)),
        rate => format!("{} a second", two_digits(rate)),
    }
}

/// Returns a number with two significant digits: `2500`, `20`, `2.5`.
pub fn two_digits(value: f64) -> String {
    // The shortest text of the rounded number has no digits beyond these two.
    format!("{value:.1e}").parse::<f64>().unwrap_or(value).to_string()
}

/// Returns the value rounded to this number of decimals. Result files contain no digits beyond the measurement's accuracy.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_matching_unit() {
        for (ms, text) in [
            (10_030.0, "10.0 s"),
            (1_006.0, "1.01 s"),
            (999.9, "1.00 s"),
            (999.0, "999 ms"),
            (12.34, "12.3 ms"),
            (1.0, "1.00 ms"),
            (0.85, "850 us"),
            (0.0, "0.00 us"),
            (123_456.0, "123 s"),
        ] {
            assert_eq!(time(ms), text);
        }
    }

    #[test]
    fn rates_have_two_digits() {
        for (per_second, text) in [
            (19.96, "20 a second"),
            (2_534.0, "2500 a second"),
            (2.51, "2.5 a second"),
            (2.0, "2 a second"),
            (0.999, "1 a second"),
            (0.4, "one every 2.50 s"),
            (0.0, "0 a second"),
            (f64::NAN, "NaN a second"),
        ] {
            assert_eq!(rate(per_second), text);
        }
        assert_eq!((two_digits(0.0123).as_str(), two_digits(f64::MIN_POSITIVE).len()), ("0.012", 311));
    }
}
