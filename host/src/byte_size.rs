//! Sizes as flags write them: `64KiB`, `256MiB`, `1GiB`, or plain bytes.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub usize);

const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl ByteSize {
    /// Returns `count` KiB.
    pub const fn kib(count: usize) -> Self {
        Self(count << 10)
    }

    /// Returns `count` MiB.
    pub const fn mib(count: usize) -> Self {
        Self(count << 20)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)))
            .unwrap_or((text, 1));
        let bytes = digits.trim_end().parse::<usize>().ok().and_then(|count| count.checked_mul(unit));
        // `isize::MAX` at most, so that the sum of two sizes doesn't overflow.
        bytes.filter(|bytes| (1..=isize::MAX as usize).contains(bytes)).map(Self).ok_or_else(|| {
            format!(
                "{text:?} is not a size; allowed is a whole number from 1, in bytes or with KiB, MiB or GiB"
            )
        })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some((name, size)) => write!(f, "{}{name}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rejects_text_that_is_not_a_size() {
        for text in ["", "0", "-1", "MiB", "1.5MiB", "1 MB", "99999999999GiB", "9223372036854775808"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn displayed_sizes_parse_to_the_same_size(bytes in 1_usize..=isize::MAX as usize) {
            prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
