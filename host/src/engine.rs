//! wasmtime: compiles the components once, so that a request only needs a new instance.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use wasmparser::{ComponentExternalKind, Parser, Payload};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, Config};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use crate::Error;
use crate::guest::Guest;
use crate::guest_variables;
use crate::isolation::Wasi;

/// Compiles components, each file once.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<Guest>,
    compiled: HashMap<PathBuf, (InstancePre<Guest>, Wasi)>,
}

/// A component that is ready to be instantiated.
pub struct Ready {
    /// The compiled component with its imports resolved.
    pub pre: ProxyPre<Guest>,
    /// The version of WASI that it speaks.
    pub wasi: Wasi,
}

impl Engine {
    /// # Errors
    ///
    /// Where this machine can't run components.
    pub fn new() -> Result<Self, Error> {
        Self::configured().map_err(|error| Error::Engine(format!("{error:#}")))
    }

    fn configured() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        // Where the cache's folder can't be used, compiling anew is slower and just as good.
        config.cache(Cache::from_file(None).ok());
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        p2::add_only_http_to_linker_async(&mut linker)?;
        p3::add_to_linker(&mut linker)?;
        guest_variables::add_to_linker(&mut linker)?;
        Ok(Self { engine, linker, compiled: HashMap::new() })
    }

    /// Compiles the component at `path`, and resolves its imports.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, and what to do.
    pub fn prepare(&mut self, path: &Path) -> Result<Ready, String> {
        let (pre, wasi) = match self.compiled.get(path) {
            Some(found) => found.clone(),
            None => {
                let wasm = read(path)?;
                let wasi = wasi_version(&wasm)?;
                let compiled = (self.compile(&wasm)?, wasi);
                self.compiled.insert(path.to_owned(), compiled.clone());
                compiled
            }
        };
        let pre = match wasi {
            Wasi::P2 => p2::bindings::ProxyPre::new(pre).map(ProxyPre::P2),
            Wasi::P3 => p3::bindings::ServicePre::new(pre).map(ProxyPre::P3),
        };
        pre.map(|pre| Ready { pre, wasi })
            .map_err(|error| format!("its HTTP export can't be called: {error:#}"))
    }

    fn compile(&self, wasm: &[u8]) -> Result<InstancePre<Guest>, String> {
        let component =
            Component::new(&self.engine, wasm).map_err(|error| format!("it can't be compiled: {error:#}"))?;
        self.linker.instantiate_pre(&component).map_err(|error| {
            format!("it needs what the embedded host doesn't offer: {error:#}; run this app with `spin up`")
        })
    }

    /// The engine that the components were compiled for.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }
}

/// The version of WASI that the component at `path` speaks over HTTP, without compiling it.
///
/// # Errors
///
/// A sentence that says what is wrong with the file, and what to do.
pub fn wasi_version_of(path: &Path) -> Result<Wasi, String> {
    wasi_version(&read(path)?)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "no such file; the manifest's build command makes it (`spin build`)".to_owned()
        }
        _ => format!("can't be read: {error}"),
    })
}

fn wasi_version(wasm: &[u8]) -> Result<Wasi, String> {
    if !Parser::is_component(wasm) {
        return Err(if Parser::is_core_wasm(wasm) {
            "a core module, not a component; compile it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
        } else {
            "no WebAssembly; `source` must name a component"
        }
        .to_owned());
    }
    let mut wasi = None;
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| format!("damaged: {error}"))? {
            // Components and modules nest; only what the outermost exports can be called.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export.map_err(|error| format!("damaged: {error}"))?;
                    match export.name.name {
                        _ if export.kind != ComponentExternalKind::Instance => {}
                        name if name.starts_with("wasi:http/handler@0.3.") => wasi = Some(Wasi::P3),
                        name if name.starts_with("wasi:http/incoming-handler@0.2.") => {
                            wasi = wasi.or(Some(Wasi::P2))
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    wasi.ok_or_else(|| {
        "it has no HTTP export; a component for this host exports wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_http_component_is_said() {
        let empty_module = b"\0asm\x01\0\0\0";
        let empty_component = b"\0asm\x0d\0\x01\0";
        for (bytes, reason) in [
            (&b"hello"[..], "no WebAssembly"),
            (empty_module, "core module"),
            (empty_component, "no HTTP export"),
            (&[empty_component, &[7_u8, 200][..]].concat(), "damaged"),
        ] {
            let error = wasi_version(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
