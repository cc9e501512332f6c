//! Compiles components once, so that a request only needs a new instance.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use crate::app::wasm::{Needs, Wasi, Wasm};
use crate::byte_size::ByteSize;
use crate::error::Error;
use crate::guest::{self, Guest};
use crate::limits::Limits;

/// The amount of memory that stays resident in a slot after its instance has ended.
const KEEP_RESIDENT: ByteSize = ByteSize::mib(1);
const DECOMMIT_BATCH_SIZE: usize = 16;

/// Compiles components: each file once.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<Guest>,
    compiled: HashMap<PathBuf, InstancePre<Guest>>,
}

/// A compiled component.
pub struct CompiledComponent {
    /// The component with its imports resolved, ready to be instantiated.
    pub pre: ProxyPre<Guest>,
    /// The version of WASI whose HTTP interface it exports.
    pub wasi: Wasi,
}

/// The sizes of the engine's pools.
#[derive(Debug, Clone, Copy)]
pub struct Pools {
    /// The maximum number of component instances at once.
    pub instances: usize,
    /// What each instance takes from the pools.
    pub needs: Needs,
}

impl Engine {
    /// Creates an engine with pools of these sizes.
    ///
    /// # Errors
    ///
    /// If this machine can't run components, or the pools don't fit it.
    pub fn new(pools: Pools, limits: &Limits) -> Result<Self, Error> {
        Self::try_new(pools, limits).map_err(|error| {
            let advice = match limits.max_instances {
                Some(_) => "; a smaller --max-instances may fit this machine",
                None => "",
            };
            Error::Engine(format!("{error:#}{advice}"))
        })
    }

    fn try_new(pools: Pools, limits: &Limits) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        config.epoch_interruption(limits.time_slice.is_some());
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool_config(pools, limits)));
        // Without a usable cache folder, every start compiles the components again.
        config.cache(Cache::from_file(None).ok());
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        p2::add_only_http_to_linker_async(&mut linker)?;
        p3::add_to_linker(&mut linker)?;
        linker.allow_shadowing(true);
        guest::add_plain_errors_to_linker(&mut linker)?;
        linker.allow_shadowing(false);
        guest::add_to_linker(&mut linker)?;
        Ok(Self { engine, linker, compiled: HashMap::new() })
    }

    /// Compiles the component from the file at `path`, and resolves its imports.
    ///
    /// # Errors
    ///
    /// If the component can't be compiled or used. The text says what is wrong, and what to do.
    pub fn prepare(&mut self, path: &Path, wasm: &Wasm) -> Result<CompiledComponent, String> {
        let pre = match self.compiled.get(path) {
            Some(compiled) => compiled.clone(),
            None => {
                let compiled = self.compile(&wasm.bytes)?;
                self.compiled.insert(path.to_owned(), compiled.clone());
                compiled
            }
        };
        let wasi = wasm.wasi;
        let pre = match wasi {
            Wasi::P2 => p2::bindings::ProxyPre::new(pre).map(ProxyPre::P2),
            Wasi::P3 => p3::bindings::ServicePre::new(pre).map(ProxyPre::P3),
        };
        pre.map(|pre| CompiledComponent { pre, wasi })
            .map_err(|error| format!("its HTTP export can't be called: {error:#}"))
    }

    fn compile(&self, wasm: &[u8]) -> Result<InstancePre<Guest>, String> {
        let component = Component::new(&self.engine, wasm).map_err(|error| {
            format!("it can't be compiled: {error:#}; build it again, or get another copy")
        })?;
        self.linker.instantiate_pre(&component).map_err(|error| {
            format!("it needs an import that the embedded host doesn't offer: {error:#}; run this app with `spin up`")
        })
    }

    /// The wasmtime engine that the components were compiled for.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }
}

/// Returns pools with slots for all instances. wasmtime allocates them once and reuses them.
fn pool_config(pools: Pools, limits: &Limits) -> PoolingAllocationConfig {
    let total = |count: u32| u32::try_from(pools.instances).unwrap_or(u32::MAX).saturating_mul(count.max(1));
    let Needs { core_instances, memories, tables, stacks } = pools.needs;
    let mut config = PoolingAllocationConfig::new();
    config
        .total_component_instances(total(1))
        .total_core_instances(total(core_instances))
        .max_core_instances_per_component(core_instances.max(1))
        .total_memories(total(memories))
        .max_memories_per_component(memories.max(1))
        .total_tables(total(tables))
        .max_tables_per_component(tables.max(1))
        .max_tables_per_module(tables.max(1))
        .total_stacks(total(stacks))
        .max_memory_size(limits.max_instance_memory.0);
    configure_slot_reset(&mut config);
    config
}

/// Configures how a slot is reset for its next instance.
///
/// From Linux 6.7, wasmtime asks the kernel for the written pages and resets only these, so that they stay mapped. To
/// decommit pages instead would cost a TLB flush on every core, and a page fault for every page that is used again.
/// On older kernels, it is cheapest to decommit many slots at once.
fn configure_slot_reset(config: &mut PoolingAllocationConfig) {
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        config
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEEP_RESIDENT.0)
            .table_keep_resident(KEEP_RESIDENT.0);
    } else {
        config.decommit_batch_size(DECOMMIT_BATCH_SIZE);
    }
}
