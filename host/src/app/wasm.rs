//! A component's file before it is compiled: the version of WASI that it uses, and the resources of one instance. A core module is
//! wrapped as a component.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use wasmparser::{ComponentExternalKind, Parser, Payload};

use super::core_module::{self, Wrapped};

/// The version of WASI whose HTTP interface a component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wasi {
    /// `wasi:http/incoming-handler@0.2`
    P2,
    /// `wasi:http/handler@0.3`
    P3,
}

/// A component's file.
pub struct Wasm {
    /// The component: the file's content, or its core module in an adapter.
    pub bytes: Vec<u8>,
    /// Whether the file is a core module, which this host has wrapped as a component.
    pub is_wrapped: bool,
    /// The version of WASI whose HTTP interface it exports.
    pub wasi: Wasi,
    /// Why only Spin can run it, such as "is ..., for which only Spin has the adapter"; `None` if this host can.
    pub for_spin_only: Option<String>,
    /// What one instance takes from the engine's pools.
    pub needs: Needs,
}

/// What one instance takes from the engine's pools. The numbers are upper bounds: they count every module in the
/// file, at any depth, as instantiated once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Core instances, including those that only forward functions.
    pub core_instances: u32,
    /// Linear memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
    /// Stacks that guest code runs on.
    pub stacks: u32,
}

/// The HTTP handler of Spin's SDKs before WASI 0.2: each request has an instance, as in WASIp2.
const HANDLER_OF_SPIN_1: &str = "fermyon:spin/inbound-http";
const NO_HANDLER: &str = "it has no HTTP export; a component for this host exports wasi:http/incoming-handler@0.2 or \
                          wasi:http/handler@0.3";

/// WASIp2: one stack for the one call.
const STACKS_P2: u32 = 1;
/// WASIp3: one stack for a call that blocks in the host, and one on which the instance takes results for other calls.
const STACKS_P3: u32 = 2;

impl Needs {
    /// Returns the maximum of each number.
    pub fn max(self, other: Self) -> Self {
        Self {
            core_instances: self.core_instances.max(other.core_instances),
            memories: self.memories.max(other.memories),
            tables: self.tables.max(other.tables),
            stacks: self.stacks.max(other.stacks),
        }
    }
}

impl Wasm {
    /// Reads the component at `path` without compiling it. `is_built` says whether the manifest has a build command
    /// for it.
    ///
    /// # Errors
    ///
    /// If the file can't be used. The text says what is wrong, and what to do.
    pub(crate) fn read(path: &Path, is_built: bool) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound if is_built => {
                "no such file; the manifest's build command makes it (`spin build`)".to_owned()
            }
            ErrorKind::NotFound => "no such file; `source` is relative to the manifest's folder".to_owned(),
            ErrorKind::IsADirectory => "a folder; `source` must name a component's file".to_owned(),
            _ => format!("can't be read: {error}"),
        })?;
        Self::parse(bytes)
    }

    /// Reads the component from these bytes.
    ///
    /// # Errors
    ///
    /// If they can't be used. The text says what is wrong, and what to do.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        if Parser::is_component(&bytes) {
            return Self::of_component(bytes);
        }
        if !Parser::is_core_wasm(&bytes) {
            return Err("not WebAssembly; `source` must name a component".to_owned());
        }
        Ok(match core_module::wrap(&bytes)? {
            Wrapped::Component(component) => Self { is_wrapped: true, ..Self::of_component(component)? },
            Wrapped::ForSpinOnly(reason) => Self {
                bytes,
                is_wrapped: false,
                wasi: Wasi::P2,
                for_spin_only: Some(reason.to_owned()),
                needs: Needs::default(),
            },
        })
    }

    fn of_component(bytes: Vec<u8>) -> Result<Self, String> {
        let Survey { wasi, exported_candidate, imported_candidate, exports_spin_1, mut needs } =
            survey(&bytes)
                .map_err(|error| format!("damaged: {error}; build it again, or get another copy"))?;
        let exported = exported_candidate.filter(|_| wasi.is_none());
        let exports_spin_1 = exports_spin_1 && wasi.is_none();
        let wasi = wasi
            .or(exported.as_ref().map(|(_, wasi)| *wasi))
            .or(exports_spin_1.then_some(Wasi::P2))
            .ok_or(NO_HANDLER)?;
        needs.stacks = match wasi {
            Wasi::P2 => STACKS_P2,
            Wasi::P3 => STACKS_P3,
        };
        let candidate = exported.map(|(name, _)| name).or(imported_candidate);
        let for_spin_only = candidate
            .map(|name| format!("uses {name}, a release candidate of WASI, which only Spin offers"))
            .or(exports_spin_1.then(|| {
                format!("exports {HANDLER_OF_SPIN_1}, the handler of old SDKs, which only Spin calls")
            }));
        Ok(Self { bytes, is_wrapped: false, wasi, for_spin_only, needs })
    }

    /// Returns why this host can't run it, and what to do; `None` if it can.
    pub(super) fn unsupported(&self) -> Option<String> {
        let reason = self.for_spin_only.as_ref()?;
        Some(format!("it {reason}; build it with a newer SDK, or run this app with `spin up`"))
    }
}

/// What a component's file shows without being compiled.
#[derive(Default)]
struct Survey {
    wasi: Option<Wasi>,
    /// The HTTP export if its version is a release candidate.
    exported_candidate: Option<(String, Wasi)>,
    /// The first import of a release candidate of WASI.
    imported_candidate: Option<String>,
    exports_spin_1: bool,
    needs: Needs,
}

fn survey(wasm: &[u8]) -> wasmparser::Result<Survey> {
    let mut survey = Survey::default();
    let Survey { wasi, exported_candidate, imported_candidate, exports_spin_1, needs } = &mut survey;
    let mut depth = 0_usize;
    // Saturating: a damaged section may claim any number.
    let add = |sum: &mut u32, count| *sum = sum.saturating_add(count);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            // Components and modules nest; the host can call the exports of the outermost component only.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::InstanceSection(instances) => add(&mut needs.core_instances, instances.count()),
            Payload::MemorySection(memories) => add(&mut needs.memories, memories.count()),
            Payload::TableSection(tables) => add(&mut needs.tables, tables.count()),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import?.name.name;
                    if imported_candidate.is_none() && name.starts_with("wasi:") && name.contains("-rc") {
                        *imported_candidate = Some(name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export?;
                    let name = export.name.name;
                    *exports_spin_1 |= name == HANDLER_OF_SPIN_1;
                    match http_version(name) {
                        Some(_) if export.kind != ComponentExternalKind::Instance => {}
                        Some(version) if name.contains("-rc") => {
                            *exported_candidate = Some((name.to_owned(), version));
                        }
                        version => *wasi = version.or(*wasi),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(survey)
}

/// The version of WASI if the export is its HTTP handler.
fn http_version(export: &str) -> Option<Wasi> {
    if export.starts_with("wasi:http/handler@0.3.") {
        Some(Wasi::P3)
    } else if export.starts_with("wasi:http/incoming-handler@0.2.") {
        Some(Wasi::P2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_a_missing_file_names_the_build_if_there_is_one() {
        let read = |is_built| Wasm::read(Path::new("nowhere.wasm"), is_built).map(|_| ()).unwrap_err();
        assert!(read(true).contains("`spin build`") && !read(false).contains("build"));
    }

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    /// The section with this id, which has nothing but the name of an instance, and these bytes.
    fn section(id: u8, name: &str, end: &[u8]) -> Vec<u8> {
        let content = [&[1, 0, name.len() as u8][..], name.as_bytes(), end].concat();
        [&[id, content.len() as u8][..], &content].concat()
    }

    fn exporting(name: &str) -> Vec<u8> {
        [EMPTY, &section(11, name, &[5, 0, 0])].concat()
    }

    fn importing(name: &str) -> Vec<u8> {
        [EMPTY, &section(10, name, &[5, 0]), &section(11, "wasi:http/handler@0.3.0", &[5, 0, 0])].concat()
    }

    #[test]
    fn a_release_candidate_is_read_and_can_not_be_run() {
        for (name, wasi, is_supported) in [
            ("wasi:http/handler@0.3.0-rc-2026-03-15", Wasi::P3, false),
            ("wasi:http/handler@0.3.0", Wasi::P3, true),
            ("wasi:http/incoming-handler@0.2.0-rc-2023-11-10", Wasi::P2, false),
            ("wasi:http/incoming-handler@0.2.6", Wasi::P2, true),
        ] {
            let wasm = Wasm::parse(exporting(name)).map_err(|error| format!("{name}: {error}")).unwrap();
            assert_eq!((wasm.wasi, wasm.unsupported().is_none()), (wasi, is_supported), "{name}");
            assert!(wasm.unsupported().is_none_or(|reason| reason.contains(name)), "{name}");
        }
        for (name, is_supported) in [
            ("wasi:cli/exit@0.3.0-rc-2026-03-15", false),
            ("wasi:cli/exit@0.3.0", true),
            ("spin:key-value/key-value@3.0.0", true),
        ] {
            let wasm = Wasm::parse(importing(name)).map_err(|error| format!("{name}: {error}")).unwrap();
            assert_eq!((wasm.wasi, wasm.unsupported().is_none()), (Wasi::P3, is_supported), "{name}");
        }
    }

    #[test]
    fn the_error_says_why_a_file_is_not_an_http_component() {
        let empty_module = b"\0asm\x01\0\0\0";
        let empty_component = b"\0asm\x0d\0\x01\0";
        for (bytes, reason) in [
            (&b"hello"[..], "not WebAssembly"),
            (empty_module, "core module"),
            (empty_component, "no HTTP export"),
            (&[empty_component, &[7_u8, 200][..]].concat(), "damaged"),
        ] {
            let error = Wasm::parse(bytes.to_vec()).map(|_| ()).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
