//! A component's file, before it is compiled: which WASI it speaks, and what an instance of it needs.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use wasmparser::{ComponentExternalKind, Parser, Payload};

use crate::isolation::Wasi;

/// A component's file.
pub struct Wasm {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// The version of WASI that it speaks over HTTP.
    pub wasi: Wasi,
    /// What one instance takes of the engine's pools.
    pub needs: Needs,
}

/// What one instance takes of the engine's pools, counted from above: each module that the file holds
/// is taken to be instantiated, however deep it lies.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Core instances, those that only pass functions on included.
    pub core_instances: u32,
    /// Linear memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
    /// Stacks for its guest to run on.
    pub stacks: u32,
}

/// WASIp2: the one call.
const STACKS_P2: u32 = 1;
/// WASIp3: while one call is blocked in its host, results for others are taken in.
const STACKS_P3: u32 = 2;

impl Needs {
    /// What suffices for either.
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
    /// Reads the component at `path`, which the manifest's build command makes if it is `built`, without compiling it.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, and what to do.
    pub(crate) fn read(path: &Path, built: bool) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound if built => {
                "no such file; the manifest's build command makes it (`spin build`)".to_owned()
            }
            ErrorKind::NotFound => "no such file; `source` is counted from the manifest's folder".to_owned(),
            ErrorKind::IsADirectory => "a folder; `source` must name a component's file".to_owned(),
            _ => format!("can't be read: {error}"),
        })?;
        Self::parse(bytes)
    }

    fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        if !Parser::is_component(&bytes) {
            return Err(if Parser::is_core_wasm(&bytes) {
                "a core module, not a component; compile it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
            } else {
                "no WebAssembly; `source` must name a component"
            }
            .to_owned());
        }
        let (wasi, mut needs) = survey(&bytes)
            .map_err(|error| format!("damaged: {error}; build it anew, or get another copy"))?;
        let wasi = wasi.ok_or(
            "it has no HTTP export; a component for this host exports wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3",
        )?;
        needs.stacks = match wasi {
            Wasi::P2 => STACKS_P2,
            Wasi::P3 => STACKS_P3,
        };
        Ok(Self { bytes, wasi, needs })
    }
}

fn survey(wasm: &[u8]) -> wasmparser::Result<(Option<Wasi>, Needs)> {
    let mut wasi = None;
    let mut needs = Needs::default();
    let mut depth = 0_usize;
    // A damaged section may claim any number.
    let add = |sum: &mut u32, count| *sum = sum.saturating_add(count);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            // Components and modules nest; only what the outermost exports can be called.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::InstanceSection(instances) => add(&mut needs.core_instances, instances.count()),
            Payload::MemorySection(memories) => add(&mut needs.memories, memories.count()),
            Payload::TableSection(tables) => add(&mut needs.tables, tables.count()),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Instance {
                        wasi = version(export.name.name).or(wasi);
                    }
                }
            }
            _ => {}
        }
    }
    Ok((wasi, needs))
}

fn version(export: &str) -> Option<Wasi> {
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
    fn what_is_not_there_is_to_be_built_where_it_can_be() {
        let read = |built| Wasm::read(Path::new("nowhere.wasm"), built).map(|_| ()).unwrap_err();
        assert!(read(true).contains("`spin build`") && !read(false).contains("build"));
    }

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
            let error = Wasm::parse(bytes.to_vec()).map(|_| ()).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
