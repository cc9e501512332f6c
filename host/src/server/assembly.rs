//! Assembles an application: compiles its components, prepares their instances, and routes to them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::uri::Scheme;

use super::options::Options;
use crate::app::route_headers::RouteHeaders;
use crate::app::wasm::{Needs, Wasm};
use crate::app::{App, ManifestErrors, RouteTarget, Trigger};
use crate::dispatch::admission::Admission;
use crate::dispatch::evidence::{Observer, TraceWriter};
use crate::dispatch::{Handler, InstanceFactory, ShutdownFlag};
use crate::engine::capacity::Capacity;
use crate::engine::{Engine, Fairness, Pools};
use crate::error::Error;
use crate::guest::{AppResources, Logs};
use crate::routing::{AppService, InternalRoute, Router, Target};

/// Returns the service, and the capacity of this machine for it.
///
/// # Errors
///
/// If a component can't be used.
pub(super) fn assemble(
    app: &App,
    resources: &AppResources,
    options: &Options,
    shutdown: ShutdownFlag,
    scheme: Scheme,
    address: SocketAddr,
) -> Result<(AppService, Capacity), Error> {
    let limits = &options.limits;
    let (handlers, capacity) = handlers(app, resources, options, shutdown)?;
    let components = handlers.iter().map(|(id, handler)| ((*id).to_owned(), handler.clone())).collect();
    let service = AppService {
        address,
        scheme,
        name: app.name.clone(),
        version: app.version.clone(),
        router: router(app, &handlers)?,
        components,
        internal_route: InternalRoute::new().map_err(Error::Route)?,
        observer: observer(options)?,
        max_header_size: limits.max_header_size,
        max_body_size: limits.max_body_size,
    };
    Ok((service, capacity))
}

/// Returns the handlers of the components, by id.
fn handlers<'a>(
    app: &'a App,
    resources: &AppResources,
    options: &Options,
    shutdown: ShutdownFlag,
) -> Result<(BTreeMap<&'a str, Handler>, Capacity), Error> {
    let limits = &options.limits;
    let files = read_files(app)?;
    let needs = files.values().fold(Needs::default(), |needs, wasm| needs.max(wasm.needs));
    let capacity = Capacity::of_this_machine(limits, needs);
    let mut engine = Engine::new(Pools { instances: capacity.instances, needs }, limits)?;
    let fairness = Fairness::new(engine.wasmtime(), limits.time_slice);
    let admission = Admission::new(capacity.instances, capacity.waiting, limits.queue_timeout);
    let log_writer = options.logs.as_ref().map(Logs::open).transpose()?;

    let mut handlers = BTreeMap::new();
    let mut errors = Vec::new();
    for (index, (id, component)) in app.components.iter().enumerate() {
        let source = component.source.as_path();
        let compiled = match engine.prepare(source, &files[source]) {
            Ok(compiled) => compiled,
            Err(reason) => {
                errors.push(app.unusable(id, component, &reason));
                continue;
            }
        };
        let output = log_writer.as_ref().map(|writer| writer.output_of(id)).transpose()?;
        let factory = InstanceFactory {
            component_id: id.as_str().into(),
            component: index,
            wasi: compiled.wasi,
            engine: engine.wasmtime().clone(),
            policy: options.policy.clone(),
            guest_config: resources.guest_config(id, component, output)?,
            max_memory: limits.max_instance_memory,
            fairness: fairness.clone(),
            admission: admission.clone(),
            shutdown: shutdown.clone(),
        };
        handlers.insert(id.as_str(), Handler::new(factory, compiled));
    }
    ManifestErrors::none_of(errors)?;
    Ok((handlers, capacity))
}

/// Reads the components' files: each once, since components share files.
fn read_files(app: &App) -> Result<BTreeMap<&Path, Wasm>, ManifestErrors> {
    let mut files = BTreeMap::new();
    let mut errors = Vec::new();
    for (id, component) in &app.components {
        if let Entry::Vacant(file) = files.entry(component.source.as_path()) {
            match app.wasm(id, component) {
                Ok(wasm) => {
                    errors.extend(app.unsupported(id, component, &wasm));
                    file.insert(wasm);
                }
                Err(error) => errors.push(error),
            }
        }
    }
    ManifestErrors::none_of(errors)?;
    Ok(files)
}

/// Returns `None` if requests are not observed.
fn observer(options: &Options) -> Result<Option<Arc<Observer>>, Error> {
    let trace = options.trace.as_deref().map(TraceWriter::create).transpose()?.map(Arc::new);
    let is_on = options.evidence || trace.is_some();
    Ok(is_on.then(|| Arc::new(Observer { header: options.evidence, trace })))
}

fn router(app: &App, handlers: &BTreeMap<&str, Handler>) -> Result<Router<Target>, Error> {
    let mut routes = Vec::new();
    for Trigger { route, target, .. } in &app.triggers {
        let target = match target {
            RouteTarget::Static(response) => Some(Target::Static(response.clone())),
            RouteTarget::Component(id) => {
                let headers = RouteHeaders::new(route).map_err(Error::Route)?;
                handlers.get(id.as_str()).map(|handler| Target::Component(headers, handler.clone()))
            }
        };
        routes.extend(target.map(|target| (route.clone(), target)));
    }
    Ok(Router::new(routes))
}
