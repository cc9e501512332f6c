//! Puts an application together: its components compiled, their instances provided for, their routes joined.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;

use http::uri::Scheme;

use crate::admission::Admission;
use crate::capacity::Capacity;
use crate::engine::{Engine, Pools};
use crate::fairness::Fairness;
use crate::guest::Supplies;
use crate::handler::{Closing, Handler, Mould};
use crate::headers::RouteHeaders;
use crate::manifest::{Answer, Trigger};
use crate::routes::Router;
use crate::server::Options;
use crate::site::{Responder, Site};
use crate::stdio::Logs;
use crate::wasm::Needs;
use crate::{App, Error};

/// The site, and how much there is room for.
///
/// # Errors
///
/// Where a component can't be used.
pub fn site(
    app: &App,
    supplies: &Supplies,
    options: &Options,
    closing: Closing,
    scheme: Scheme,
    address: SocketAddr,
) -> Result<(Site, Capacity), Error> {
    let limits = &options.limits;
    // Components share files: each is read once.
    let mut files = BTreeMap::new();
    for (id, component) in &app.components {
        if let Entry::Vacant(file) = files.entry(component.source.as_path()) {
            file.insert(app.wasm(id, component)?);
        }
    }
    let needs = files.values().fold(Needs::default(), |needs, wasm| needs.max(wasm.needs));
    let capacity = Capacity::of_this_machine(limits, needs);
    let mut engine = Engine::new(Pools { instances: capacity.instances, needs }, limits)?;
    let fairness = Fairness::new(engine.wasmtime(), limits.time_slice);
    let admission = Admission::new(capacity.instances, capacity.waiting, limits.queue_timeout);
    let writer = options.logs.as_ref().map(Logs::open).transpose()?;

    let mut handlers = BTreeMap::new();
    for (group, (id, component)) in app.components.iter().enumerate() {
        let source = component.source.as_path();
        let ready =
            engine.prepare(source, &files[source]).map_err(|reason| app.unusable(id, component, &reason))?;
        let output = writer.as_ref().map(|writer| writer.output_of(id)).transpose()?;
        let mould = Mould {
            id: id.clone(),
            wasi: ready.wasi,
            engine: engine.wasmtime().clone(),
            policy: options.policy.clone(),
            provision: supplies.provision(id, component, output)?,
            max_memory: limits.max_instance_memory,
            fairness,
            admission: admission.clone(),
            group,
            closing: closing.clone(),
        };
        handlers.insert(id, Handler::new(mould, ready));
    }
    let mut routes = Vec::new();
    for Trigger { route, answer, .. } in &app.triggers {
        let responder = match answer {
            Answer::Static(response) => Some(Responder::Static(response.clone())),
            Answer::Component(id) => {
                let headers = RouteHeaders::new(route).map_err(Error::Route)?;
                handlers.get(id).map(|handler| Responder::Guest(headers, handler.clone()))
            }
        };
        routes.extend(responder.map(|responder| (route.clone(), responder)));
    }
    let site = Site {
        address,
        scheme,
        name: app.name.clone(),
        version: app.version.clone(),
        router: Router::new(routes),
        max_header_size: limits.max_header_size,
        max_body_size: limits.max_body_size,
    };
    Ok((site, capacity))
}
