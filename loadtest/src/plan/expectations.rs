//! The expectations of a burst, by system or by isolation.

use std::collections::BTreeMap;

use results::document::Isolation;
use schemars::JsonSchema;
use serde::Deserialize;

use super::expectation::Expectation;

/// The key for components with one request at a time in an instance.
const FRESH: &str = "fresh";
/// The key for components with several requests at once in an instance.
const SHARED: &str = "shared";
/// The key for all other systems.
const ANY: &str = "any";

/// Expectations by key: a system's name, `fresh`, `shared` or `any`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Expectations(BTreeMap<String, Expectation>);

impl Expectations {
    /// The expectation for a system: by its name, or else by the isolation of its instances, or else for any system.
    pub fn of(&self, system: &str, isolation: Option<Isolation>) -> Option<&Expectation> {
        let by_isolation = isolation.map(|isolation| match isolation {
            // An instance has one request at a time, so requests cannot affect each other.
            Isolation::Fresh | Isolation::Reused => FRESH,
            Isolation::Shared => SHARED,
        });
        self.0.get(system).or_else(|| self.0.get(by_isolation?)).or_else(|| self.0.get(ANY))
    }

    /// Checks that each key is `fresh`, `shared` or one of `systems`.
    ///
    /// # Errors
    ///
    /// A line with the unknown key and the allowed keys.
    pub fn check(&self, systems: &[&str]) -> Result<(), String> {
        let allowed = || [FRESH, SHARED].into_iter().chain(systems.iter().copied());
        match self.0.keys().filter(|key| *key != ANY).find(|key| allowed().all(|allowed| allowed != *key)) {
            None => Ok(()),
            Some(unknown) => Err(format!(
                "unknown key `{unknown}` in `expect`, expected one of {}",
                allowed().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_with_the_allowed_keys() {
        let keys: Expectations = toml::from_str("fresh = \"parallel\"\nspni = \"parallel\"").unwrap();
        assert_eq!(
            keys.check(&["embedded", "spin"]),
            Err("unknown key `spni` in `expect`, expected one of `fresh`, `shared`, `embedded`, `spin`"
                .to_owned())
        );
        assert_eq!(keys.check(&["spni"]), Ok(()));
    }

    #[test]
    fn a_system_s_name_comes_before_its_isolation() {
        let keys: Expectations = toml::from_str("fresh = \"parallel\"\nspin = \"refused\"").unwrap();
        let refused = toml::from_str::<Expectations>("x = \"refused\"").unwrap().0.remove("x");
        assert_eq!(keys.of("spin", Some(Isolation::Fresh)), refused.as_ref());
        assert_ne!(keys.of("embedded", Some(Isolation::Fresh)), refused.as_ref());
        assert_eq!(keys.of("embedded", Some(Isolation::Shared)), None);
        assert_eq!(keys.of("fresh-app", None), None);
    }
}
