//! Core modules, such as those of Spin's SDKs 3 and 4 for `wasm32-wasip1`: wrapped as components, as Spin does it.
//!
//! Such a module has its interface in custom sections, whose names begin with `component-type`. It calls WASI preview 1, which
//! wasmtime's adapter offers to it in terms of WASI 0.2.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// The section, or the beginning of its name.
const INTERFACE: &str = "component-type";
/// The exported function of Spin's first SDKs that handles requests.
const EXPORT_OF_SPIN_1: &str = "handle-http-request";

/// A core module as a component.
pub(super) enum Wrapped {
    /// The component's bytes. The same module gives the same bytes, so that wasmtime's cache has what was compiled before.
    Component(Vec<u8>),
    /// Only Spin has the adapter.
    ForSpinOnly(&'static str),
}

/// Wraps a core module as a component.
///
/// # Errors
///
/// If it can't be wrapped. The text says what is wrong, and what to do.
pub(super) fn wrap(module: &[u8]) -> Result<Wrapped, String> {
    let shape = Shape::of(module)
        .map_err(|error| format!("damaged: {error}; build it again, or get another copy"))?;
    if shape.is_of_spin_1 {
        return Ok(Wrapped::ForSpinOnly(
            "is a core module of an SDK for Spin 1, for which only Spin has the adapter",
        ));
    }
    if !shape.has_interface {
        let what = if shape.is_command {
            "a command (`_start`), which has no HTTP handler"
        } else {
            "without a description of its interface"
        };
        return Err(format!(
            "a core module, not a component: {what}; compile it for wasm32-wasip2 with a current SDK; WAGI needs `spin up`"
        ));
    }
    encode(module).map(Wrapped::Component).map_err(|error| {
        format!("a core module that can't be wrapped as a component: {error}; compile it for wasm32-wasip2 with a current SDK")
    })
}

fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let name = WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    // wasmtime validates the component before it compiles it.
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.adapter(name, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What decides how a core module is wrapped.
#[derive(Default)]
struct Shape {
    has_interface: bool,
    is_of_spin_1: bool,
    is_command: bool,
}

impl Shape {
    fn of(module: &[u8]) -> wasmparser::Result<Self> {
        let mut shape = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::CustomSection(section) => {
                    shape.has_interface |= section.name().starts_with(INTERFACE)
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let name = export?.name;
                        shape.is_of_spin_1 |= name == EXPORT_OF_SPIN_1;
                        shape.is_command |= name == "_start";
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with this section, and nothing that belongs to it.
    fn module(section: u8, content: &[u8]) -> Vec<u8> {
        [&b"\0asm\x01\0\0\0"[..], &[section, content.len() as u8], content].concat()
    }

    fn exporting(name: &str) -> Vec<u8> {
        module(7, &[&[1, name.len() as u8][..], name.as_bytes(), &[0, 0]].concat())
    }

    #[test]
    fn a_module_that_only_spin_can_adapt_says_so() {
        let wrapped = wrap(&exporting("handle-http-request"));
        assert!(matches!(wrapped, Ok(Wrapped::ForSpinOnly(reason)) if reason.contains("Spin 1")));
    }

    #[test]
    fn the_error_says_why_a_module_can_not_be_wrapped() {
        let name = format!("{INTERFACE}:guest");
        let interface = [&[name.len() as u8][..], name.as_bytes(), b"no component"].concat();
        for (bytes, reason) in [
            (exporting("handle"), "without a description of its interface"),
            (exporting("_start"), "a command (`_start`)"),
            (module(0, &interface), "can't be wrapped as a component: decoding custom section"),
            (module(7, &[200]), "damaged: "),
        ] {
            let Err(error) = wrap(&bytes) else { panic!("no error: {reason}") };
            assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
        }
    }
}
