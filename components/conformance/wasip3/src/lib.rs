//! A guest for the host's tests: does what the path asks, misbehaviour too. Crate `behaviour` says
//! what each path does.

mod body;

use behaviour::Act;
use spin_sdk::http::{BoxBody, Request};
use spin_sdk::time::sleep;
use spin_sdk::{http_service, variables};

#[http_service]
async fn handle(request: Request) -> http::Response<BoxBody> {
    let guest = endpoint::instance::enter();
    let (parts, body) = request.into_parts();
    let answer = match behaviour::act(&parts, &guest) {
        Act::Echo(headers) => return body::echo(headers, body),
        Act::Stream(pieces, pause) => return body::stream(pieces, pause),
        Act::Answer(answer) => answer,
        Act::BodySize => body::size(body).await,
        Act::Await(time, then) => {
            sleep(time).await;
            then()
        }
        Act::Variable(name) => behaviour::shown(variables::get(name).await),
        Act::Outbound(url) => behaviour::outbound(body::get(url).await),
    };
    answer.map(body::whole)
}
