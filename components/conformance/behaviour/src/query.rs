//! The parameters in a request's query.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;

/// A request's query parameters, decoded.
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn new(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Returns the value of a required parameter.
    pub fn get<T: FromStr>(&self, name: &'static str) -> Result<T, QueryError> {
        let value = self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        value
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| QueryError { name, value: value.map(str::to_owned) })
    }

    /// Returns the time in the parameter `ms`, in milliseconds.
    pub fn ms(&self) -> Result<Duration, QueryError> {
        self.get("ms").map(Duration::from_millis)
    }
}

/// A parameter that is missing, or whose value can't be parsed.
pub struct QueryError {
    name: &'static str,
    value: Option<String>,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "bad query: {value:?} is no value for {:?}", self.name),
            None => write!(f, "bad query: {:?} is missing", self.name),
        }
    }
}
