//! Reads a plan from TOML: its keys, and what is allowed in each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use host::ManifestError as Error;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use judge::verdict::Kind;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Setup;
use super::burst::PlannedBurst;
use super::count::Count;
use super::expectations::Expectations;
use super::request::{PlannedRequest, statuses};

/// The longest time, in milliseconds: a day.
const DAY_MS: f64 = 86_400_000.0;
/// The longest wait of an endpoint, in milliseconds.
const MAX_WAIT_MS: u32 = 60_000;

/// A plan of bursts for `loadtest run --plan`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "plan of loadtest")]
struct File {
    /// The setups, in the order in which they are fired.
    setup: Vec<SetupEntry>,
}

/// Bursts that are fired together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetupEntry {
    /// The value for `--setup`: letters, digits, dashes, dots and underscores.
    #[schemars(with = "String", regex(pattern = "^[A-Za-z0-9_.-]+$"))]
    id: Spanned<String>,
    /// A short description.
    #[serde(default)]
    title: String,
    /// Whether idle instances must expire before the bursts.
    #[serde(default)]
    after_idle: bool,
    /// Whether it runs if `--setup` is not given.
    #[serde(default = "yes")]
    default: bool,
    /// Whether the expectations hold for the embedded host only.
    #[serde(default)]
    embedded_only: bool,
    /// The bursts, which share a barrier.
    burst: Vec<BurstEntry>,
}

/// A burst at one endpoint. It has a `path` or a `url`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BurstEntry {
    /// The path at the system under test, such as `/orders?page=2`.
    #[schemars(with = "Option<String>", regex(pattern = "^/"))]
    path: Option<Spanned<String>>,
    /// The URL of a server that runs already.
    #[schemars(with = "Option<String>", regex(pattern = "^https?://"))]
    url: Option<Spanned<String>>,
    /// The method; GET if left out.
    #[schemars(with = "Option<String>")]
    method: Option<Spanned<String>>,
    /// Headers by name. Those that are sent by default, such as `host`, are replaced.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    /// The body.
    #[serde(default)]
    body: String,
    /// The statuses that count as good, such as `2xx,304`; 2xx if left out.
    #[schemars(with = "Option<String>")]
    status: Option<Spanned<String>>,
    /// The service time in milliseconds. If it is left out, requests alone measure it.
    #[schemars(with = "Option<f64>", range(min = 0.001, max = 86_400_000.0))]
    service_ms: Option<Spanned<f64>>,
    /// Whether requests alone may measure the service time, although the method may change data on the server.
    #[serde(default)]
    solo: bool,
    /// The wait of each request in milliseconds, if the endpoint takes `?wait_ms=`, as those of the lab do. `--time-scale`
    /// shortens it.
    #[schemars(with = "Option<u32>", range(max = 60_000))]
    wait_ms: Option<Spanned<u32>>,
    /// The number of requests.
    #[schemars(with = "Count")]
    n: Spanned<Count>,
    /// The number of connections, at most `n`; `n` if left out.
    #[schemars(with = "Option<Count>")]
    c: Option<Spanned<Count>>,
    /// The delay from the barrier to the burst's start, in milliseconds.
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 86_400_000.0))]
    delay_ms: Option<Spanned<f64>>,
    /// The time between the first `c` sends, in milliseconds.
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 86_400_000.0))]
    spacing_ms: Option<Spanned<f64>>,
    /// The rate of the sends, in requests per second. Requests have planned times and don't wait for answers.
    #[schemars(with = "Option<f64>", range(min = 0.001, max = 1_000_000.0))]
    rate: Option<Spanned<f64>>,
    /// The verdict for FastAPI in the original experiment.
    fastapi: Option<Kind>,
    /// The verdict that the original experiment's author expected of FastAPI.
    author_expected: Option<Kind>,
    /// The expected verdicts by key: the name of a system; or `fresh` or `shared`, as an instance has one request at a time
    /// or several; or `any`, for all others.
    #[schemars(with = "Option<Expectations>")]
    expect: Option<Spanned<Expectations>>,
}

fn yes() -> bool {
    true
}

/// Returns the JSON Schema of a plan.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(File)
}

/// The setups in `text`, the file at `path`.
pub(super) fn parse(path: &Path, text: &str, systems: &[&str]) -> Result<Vec<Setup>, Error> {
    let file: File =
        toml::from_str(text).map_err(|error| Error::at(path, text, error.span(), error.message()))?;
    if file.setup.is_empty() {
        return Err(Error::at(path, text, None, "a plan needs at least one [[setup]]"));
    }
    let reader = Reader { path, text, systems };
    let mut ids = BTreeSet::new();
    let mut setups = Vec::new();
    for entry in file.setup {
        reader.check_id(&entry.id)?;
        if !ids.insert(entry.id.get_ref().clone()) {
            return Err(reader.wrong(&entry.id, "another setup has this id"));
        }
        setups.push(reader.setup(entry)?);
    }
    Ok(setups)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    systems: &'a [&'a str],
}

impl Reader<'_> {
    fn wrong<T>(&self, value: &Spanned<T>, message: &str) -> Error {
        Error::at(self.path, self.text, Some(value.span()), message)
    }

    fn check_id(&self, id: &Spanned<String>) -> Result<(), Error> {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        match id.get_ref().is_empty() || !id.get_ref().chars().all(is_plain) {
            true => Err(self.wrong(id, "an id of letters, digits, dashes, dots and underscores is allowed")),
            false => Ok(()),
        }
    }

    fn setup(&self, entry: SetupEntry) -> Result<Setup, Error> {
        let SetupEntry { id, title, after_idle, default, embedded_only, burst } = entry;
        if burst.is_empty() {
            return Err(self.wrong(&id, "a setup needs at least one [[setup.burst]]"));
        }
        let bursts =
            burst.into_iter().map(|burst| self.burst(id.get_ref(), burst)).collect::<Result<_, _>>()?;
        Ok(Setup { id: id.into_inner(), title, after_idle, default, embedded_only, bursts })
    }

    fn burst(&self, setup: &str, entry: BurstEntry) -> Result<PlannedBurst, Error> {
        let (path, url) = self.place(&entry)?;
        let request = self.request(&entry)?;
        if let (Some(wait), true) = (&entry.wait_ms, path.contains('?')) {
            return Err(
                self.wrong(wait, "a path with a query can't have wait_ms, which is sent as the query")
            );
        }
        if let Some(wait) = entry.wait_ms.as_ref().filter(|wait| *wait.get_ref() > MAX_WAIT_MS) {
            return Err(self.wrong(wait, &format!("a whole number from 0 to {MAX_WAIT_MS} is allowed")));
        }
        let (n, c) = (*entry.n.get_ref(), entry.c.as_ref().map(|c| *c.get_ref()));
        if let Some(given) = entry.c.as_ref().filter(|given| given.get_ref().get() > n.get()) {
            return Err(
                self.wrong(given, &format!("each connection sends a request: at most n, {n}, is allowed"))
            );
        }
        if let (Some(rate), Some(_)) = (&entry.rate, &entry.spacing_ms) {
            return Err(self.wrong(rate, "rate and spacing_ms exclude each other"));
        }
        if let Some(expect) = &entry.expect {
            let check = expect.get_ref().check(self.systems);
            check.map_err(|error| self.wrong(expect, &format!("setup {setup}, {path}: {error}")))?;
        }
        Ok(PlannedBurst {
            path,
            url,
            request,
            wait_ms: entry.wait_ms.map(Spanned::into_inner),
            n,
            c: c.unwrap_or(n),
            delay_ms: self.number(entry.delay_ms.as_ref(), 0.0, DAY_MS)?.unwrap_or(0.0),
            spacing_ms: self.number(entry.spacing_ms.as_ref(), 0.0, DAY_MS)?.unwrap_or(0.0),
            rate: self.number(entry.rate.as_ref(), 0.001, 1e6)?,
            fastapi: entry.fastapi,
            author_expected: entry.author_expected,
            expect: entry.expect.map(Spanned::into_inner).unwrap_or_default(),
        })
    }

    /// The path with its query, and the URL if there is one.
    fn place(&self, entry: &BurstEntry) -> Result<(String, Option<String>), Error> {
        match (&entry.path, &entry.url) {
            (Some(path), None) => {
                let text = path.get_ref();
                let is_path = text.starts_with('/') && text.parse::<Uri>().is_ok() && !text.contains('#');
                match is_path {
                    true => Ok((text.clone(), None)),
                    false => Err(self.wrong(path, "a path such as /orders or /orders?page=2 is allowed")),
                }
            }
            (None, Some(url)) => {
                let text = url.get_ref();
                let parsed = text.parse::<Uri>().ok().filter(|parsed| {
                    let is_host = parsed.host().is_some_and(|host| !host.is_empty());
                    matches!(parsed.scheme_str(), Some("http" | "https")) && is_host
                });
                let parsed = parsed.filter(|_| !text.contains(['#', '@'])).ok_or_else(|| {
                    self.wrong(url, "a URL such as http://127.0.0.1:8000/orders is allowed")
                })?;
                Ok((parsed.path_and_query().map_or("/", |path| path.as_str()).to_owned(), Some(text.clone())))
            }
            (Some(_), Some(url)) => Err(self.wrong(url, "path and url exclude each other")),
            (None, None) => {
                Err(self.wrong(&entry.n, "the burst needs a path, such as path = \"/orders\", or a url"))
            }
        }
    }

    fn request(&self, entry: &BurstEntry) -> Result<PlannedRequest, Error> {
        let method = self.parsed(entry.method.as_ref(), |text| {
            text.parse::<Method>()
                .ok()
                .filter(|_| text == text.to_uppercase())
                .ok_or_else(|| "a method such as GET or POST is allowed".to_owned())
        })?;
        let method = method.unwrap_or_default();
        let service_ms = self.number(entry.service_ms.as_ref(), 0.001, DAY_MS)?;
        let is_safe = matches!(method, Method::GET | Method::HEAD);
        if let Some(given) = entry.method.as_ref().filter(|_| !is_safe && service_ms.is_none() && !entry.solo)
        {
            let text = format!(
                "{method} may change data on the server, so that no additional requests are sent to measure the service time; give \
                 service_ms, or allow them with solo = true"
            );
            return Err(self.wrong(given, &text));
        }
        let good = self.parsed(entry.status.as_ref(), statuses)?.map(|good| good.to_vec());
        Ok(PlannedRequest {
            method,
            headers: self.headers(entry)?,
            body: entry.body.clone(),
            good,
            service_ms,
        })
    }

    /// The headers. An error doesn't repeat a value, which may be a secret.
    fn headers(&self, entry: &BurstEntry) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &entry.headers {
            let name: HeaderName =
                name.get_ref().parse().map_err(|_| self.wrong(name, "the name of a header is allowed"))?;
            let mut value: HeaderValue = value
                .get_ref()
                .parse()
                .map_err(|_| self.wrong(value, "a value without control characters is allowed"))?;
            value.set_sensitive(name == AUTHORIZATION);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// A number in a range.
    fn number(&self, value: Option<&Spanned<f64>>, least: f64, most: f64) -> Result<Option<f64>, Error> {
        let Some(value) = value else { return Ok(None) };
        match (least..=most).contains(value.get_ref()) {
            true => Ok(Some(*value.get_ref())),
            false => Err(self.wrong(value, &format!("a number from {least} to {most} is allowed"))),
        }
    }

    fn parsed<T>(
        &self,
        value: Option<&Spanned<String>>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Error> {
        let parse =
            |value: &Spanned<String>| parse(value.get_ref()).map_err(|error| self.wrong(value, &error));
        value.map(parse).transpose()
    }
}
