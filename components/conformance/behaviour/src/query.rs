//! What a request's query asks for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;

/// A request's query, its names and values decoded.
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn new(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value of this name, which must be there.
    pub fn get<T: FromStr>(&self, name: &'static str) -> Result<T, Bad> {
        let value = self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        value
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| Bad { name, value: value.map(str::to_owned) })
    }

    /// The time that `ms` gives in milliseconds.
    pub fn ms(&self) -> Result<Duration, Bad> {
        self.get("ms").map(Duration::from_millis)
    }
}

/// A name that the query lacks, or whose value is not of its kind.
pub struct Bad {
    name: &'static str,
    value: Option<String>,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "bad query: {value:?} is no value for {:?}", self.name),
            None => write!(f, "bad query: {:?} is missing", self.name),
        }
    }
}
