//! A number of requests or connections.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};

use crate::machine;

/// The largest number that a plan may have.
const MOST: i64 = 1_000_000;

/// A number of requests or connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Count {
    /// A fixed number, from 1.
    Fixed(#[schemars(range(min = 1, max = 1_000_000))] usize),
    /// A multiple of this machine's number of processors.
    PerCore {
        /// The number for each processor.
        #[schemars(range(min = 1, max = 1_000_000))]
        per_core: usize,
    },
}

impl Count {
    /// The number on this machine.
    pub fn get(self) -> usize {
        match self {
            Self::Fixed(count) => count,
            Self::PerCore { per_core } => per_core * machine::processors(),
        }
    }
}

impl fmt::Display for Count {
    /// The number with its origin, such as `8 (4 per core)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(count) => count.fmt(f),
            Self::PerCore { per_core } => write!(f, "{} ({per_core} per core)", self.get()),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 1 to {MOST}, or {{ per_core = N }}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
        let count = (1..=MOST).contains(&number).then(|| usize::try_from(number).ok()).flatten();
        count.map(Count::Fixed).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        match map.next_key::<String>()?.as_deref() {
            Some("per_core") => {}
            Some(other) => return Err(A::Error::unknown_field(other, &["per_core"])),
            None => return Err(A::Error::missing_field("per_core")),
        }
        let Count::Fixed(per_core) = map.next_value()? else {
            return Err(A::Error::custom("expected a whole number"));
        };
        match map.next_key::<String>()? {
            Some(other) => Err(A::Error::unknown_field(&other, &["per_core"])),
            None if !is_allowed(per_core) => {
                let processors = machine::processors();
                Err(A::Error::custom(format!(
                    "{per_core} for each of {processors} processors: {MOST} in all are allowed"
                )))
            }
            None => Ok(Count::PerCore { per_core }),
        }
    }
}

/// Whether this machine's processors make no more than the largest number of it.
fn is_allowed(per_core: usize) -> bool {
    let product = per_core.checked_mul(machine::processors());
    product.and_then(|product| i64::try_from(product).ok()).is_some_and(|product| product <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Entry {
        n: Count,
    }

    #[test]
    fn the_number_for_all_processors_is_limited() {
        let read = |per_core: usize| toml::from_str::<Entry>(&format!("n = {{ per_core = {per_core} }}"));
        let most = usize::try_from(MOST).unwrap() / machine::processors();
        assert_eq!(read(most).unwrap().n, Count::PerCore { per_core: most });
        assert!(read(most + 1).err().unwrap().message().contains("1000000"));
    }
}
