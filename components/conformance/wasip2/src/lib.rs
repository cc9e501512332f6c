//! The guest of the host's conformance tests: the path selects a behaviour or a misbehaviour. Crate `behaviour`
//! lists the paths.

mod body;

use behaviour::Action;
use http::StatusCode;
use spin_sdk::http::{IncomingRequest, ResponseOutparam, SendError, send};
use spin_sdk::{http_component, variables};

#[http_component]
async fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let guard = endpoint::instance::enter();
    let action = match parts_of(&request) {
        Ok(parts) => behaviour::action(&parts, &guard),
        Err(reason) => Action::Respond(behaviour::error(StatusCode::BAD_REQUEST, &reason)),
    };
    let response = match action {
        Action::Echo(headers) => return body::echo(request, &headers, out).await,
        Action::Stream(chunks, pause) => return body::stream(out, chunks, pause).await,
        Action::Respond(response) => response,
        Action::BodySize => body::size(request).await,
        Action::Await(time, then) => {
            sleep::sleep(time).await;
            then()
        }
        // WASIp2 has no async functions to import as blocking ones.
        Action::BlockInHostCall(time, then) => {
            std::thread::sleep(time);
            then()
        }
        Action::Variable(name) => behaviour::from_result(variables::get(&name)),
        Action::Outbound(url) => behaviour::relay(get(url).await),
    };
    body::whole(out, response).await;
}

fn parts_of(request: &IncomingRequest) -> http::Result<http::request::Parts> {
    let method = request.method().to_string();
    let mut builder = http::Request::builder().method(method.as_str()).uri(request.uri());
    for (name, value) in request.headers().entries() {
        builder = builder.header(name, value);
    }
    Ok(builder.body(())?.into_parts().0)
}

async fn get(url: http::Uri) -> Result<behaviour::Response, SendError> {
    let mut request = http::Request::new(());
    *request.uri_mut() = url;
    send(request).await
}
