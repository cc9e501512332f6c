//! A guest for the host's tests: does what the path asks, misbehaviour too. Crate `behaviour` says
//! what each path does.

mod body;

use behaviour::Act;
use http::StatusCode;
use spin_sdk::http::{IncomingRequest, ResponseOutparam, SendError, send};
use spin_sdk::{http_component, variables};

#[http_component]
async fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let guest = endpoint::instance::enter();
    let act = match parts_of(&request) {
        Ok(parts) => behaviour::act(&parts, &guest),
        Err(reason) => Act::Answer(behaviour::error(StatusCode::BAD_REQUEST, &reason)),
    };
    let answer = match act {
        Act::Echo(headers) => return body::echo(request, &headers, out).await,
        Act::Stream(pieces, pause) => return body::stream(out, pieces, pause).await,
        Act::Answer(answer) => answer,
        Act::BodySize => body::size(request).await,
        Act::Await(time, then) => {
            sleep::sleep(time).await;
            then()
        }
        // WASIp2 knows no such calls.
        Act::Hold(time, then) => {
            std::thread::sleep(time);
            then()
        }
        Act::Variable(name) => behaviour::shown(variables::get(&name)),
        Act::Outbound(url) => behaviour::outbound(get(url).await),
    };
    body::whole(out, answer).await;
}

fn parts_of(request: &IncomingRequest) -> http::Result<http::request::Parts> {
    let method = request.method().to_string();
    let mut builder = http::Request::builder().method(method.as_str()).uri(request.uri());
    for (name, value) in request.headers().entries() {
        builder = builder.header(name, value);
    }
    Ok(builder.body(())?.into_parts().0)
}

async fn get(url: http::Uri) -> Result<behaviour::Answer, SendError> {
    let mut request = http::Request::new(());
    *request.uri_mut() = url;
    send(request).await
}
