//! What is sent, and to whom: the flags that every command shares that fires at URLs of one's own.

use std::time::Duration;

use clap::Args;

#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The request's method
    #[arg(short, value_name = "METHOD", default_value = "GET", value_parser = method)]
    pub method: http::Method,
    /// A header, as `Name: value`; repeatable
    #[arg(short = 'H', value_name = "HEADER", value_parser = header)]
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// The request's body
    #[arg(short = 'd', value_name = "BODY", default_value = "", hide_default_value = true)]
    pub body: String,
    /// The body's content type
    #[arg(short = 'T', value_name = "TYPE", default_value = "text/html")]
    pub content_type: http::HeaderValue,
    /// How long a request may take, in seconds; 0 is no limit
    #[arg(short = 't', value_name = "SECONDS", default_value = "20", value_parser = timeout)]
    pub timeout: Duration,
    /// What one request alone takes, in milliseconds, instead of measuring it
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    pub service_ms: Option<f64>,
    /// Send a warm-up and a solo request even where the method may change something on the server
    #[arg(long)]
    pub solo: bool,
}

const DAY_MS: f64 = 86_400_000.0;

fn milliseconds(text: &str) -> Result<f64, String> {
    let ms = text.parse().ok().filter(|ms: &f64| (0.001..=DAY_MS).contains(ms));
    ms.ok_or_else(|| format!("a number from 0.001 to {DAY_MS} is allowed"))
}

/// As in hey: whole or broken seconds; zero, which is no limit, becomes the longest time there is.
fn timeout(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0.0) => Ok(Duration::MAX),
        Ok(seconds) => {
            Duration::try_from_secs_f64(seconds).map_err(|_| "0 or more seconds are allowed".to_owned())
        }
        Err(_) => Err("a number of seconds is allowed".to_owned()),
    }
}

fn method(text: &str) -> Result<http::Method, String> {
    text.to_uppercase().parse().map_err(|_| "a method such as GET or POST is allowed".to_owned())
}

fn header(text: &str) -> Result<(http::HeaderName, http::HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("`Name: value` is allowed")?;
    let name = name.trim().parse().map_err(|error| format!("{name:?}: {error}"))?;
    let value = value.trim().parse().map_err(|error| format!("{value:?}: {error}"))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heys_timeout_of_zero_is_no_limit() {
        assert_eq!(timeout("0"), Ok(Duration::MAX));
        assert_eq!(timeout("1.5"), Ok(Duration::from_millis(1500)));
        assert!(timeout("-1").is_err() && timeout("x").is_err());
    }
}
