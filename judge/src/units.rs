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
}
