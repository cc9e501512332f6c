//! Downloads components from URLs into the cache folder, if they are not there.

use std::fs;
use std::io::Write;
use std::path::Path;

use http::header::{HOST, LOCATION};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Limited};
use tempfile::NamedTempFile;
use url::Url;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use crate::app::App;
use crate::app::allowed_hosts::{AddressScope, normalize_host};
use crate::byte_size::ByteSize;
use crate::error::Error;
use crate::guest::outbound::client::{self, Destination};

/// The maximum size of a component.
const MAX_SIZE: ByteSize = ByteSize::mib(256);
const MAX_REDIRECTIONS: usize = 5;

/// Downloads the components of `app` that its manifest names by URL and digest, and that the cache doesn't have, or has
/// with another digest. A file with another digest is not kept. `started` is called with each URL.
///
/// # Errors
///
/// If a component can't be downloaded, or is another one.
pub async fn missing_components(app: &App, started: impl Fn(&str)) -> Result<(), Error> {
    let remotes =
        app.components.values().filter_map(|component| Some((component.remote.as_ref()?, &component.source)));
    for (remote, file) in remotes {
        let is_there = fs::read(file).is_ok_and(|bytes| remote.check(&bytes).is_ok());
        if !is_there {
            started(&remote.url);
            let error = |reason| Error::Download { url: remote.url.clone(), reason };
            let bytes = get(&remote.url).await.map_err(error)?;
            remote.check(&bytes).map_err(error)?;
            write(file, &bytes)
                .map_err(|cause| error(format!("{} can't be written: {cause}", file.display())))?;
        }
    }
    Ok(())
}

/// Returns the body at this URL. Follows redirections.
async fn get(url: &str) -> Result<Vec<u8>, String> {
    let mut url = Url::parse(url).map_err(|error| format!("this is no URL: {error}"))?;
    for _ in 0..=MAX_REDIRECTIONS {
        let response = request(&url).await?;
        let status = response.status();
        if !status.is_redirection() {
            return match status.is_success() {
                true => body(response).await,
                false => Err(format!("the server responds with status {status}")),
            };
        }
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let location = location.ok_or("the server redirects to nowhere")?;
        url = url.join(location).map_err(|error| format!("the server redirects to {location:?}: {error}"))?;
    }
    Err(format!("the server redirects more than {MAX_REDIRECTIONS} times"))
}

async fn request(url: &Url) -> Result<Response<WasiBody>, String> {
    let tls = match url.scheme() {
        "https" => true,
        "http" => false,
        other => return Err(format!("the scheme {other:?} is not offered; http and https are")),
    };
    let host = url.host_str().and_then(normalize_host).ok_or("the URL has no host")?;
    let port = url.port().unwrap_or(if tls { 443 } else { 80 });
    let request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
        .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
        .map_err(|error| format!("this is no URL: {error}"))?;
    let destination = Destination { host, port, tls, scope: AddressScope::Any };
    let sent = client::send(request, destination, RequestOptions::default()).await;
    let (response, connection) = sent.map_err(|error| error.to_string())?;
    // The connection ends with the response; dropping it would end the response.
    tokio::spawn(Box::into_pin(connection));
    Ok(response)
}

async fn body(response: Response<WasiBody>) -> Result<Vec<u8>, String> {
    let body = Limited::new(response.into_body(), MAX_SIZE.0).collect().await;
    body.map(|body| body.to_bytes().to_vec()).map_err(|error| format!("not all of it came: {error}"))
}

/// Writes the file beside its place, and moves it there: another process may read it.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(file).map(|_| ()).map_err(|error| error.error)
}
