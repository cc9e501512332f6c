//! wasmtime: compiles the components once, so that a request only needs a new instance.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use crate::Error;
use crate::bytes::Bytes;
use crate::guest::Guest;
use crate::guest_variables;
use crate::isolation::Wasi;
use crate::limits::Limits;
use crate::wasm::{Needs, Wasm};

/// What a slot keeps of the memory that its last instance wrote.
const KEPT_RESIDENT: Bytes = Bytes::mib(1);
const DECOMMIT_BATCH: usize = 16;

/// Compiles components, each file once.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<Guest>,
    compiled: HashMap<PathBuf, InstancePre<Guest>>,
}

/// A component that is ready to be instantiated.
pub struct Ready {
    /// The compiled component with its imports resolved.
    pub pre: ProxyPre<Guest>,
    /// The version of WASI that it speaks.
    pub wasi: Wasi,
}

/// What the engine's pools must hold.
#[derive(Debug, Clone, Copy)]
pub struct Pools {
    /// Component instances at once.
    pub instances: usize,
    /// What each takes.
    pub needs: Needs,
}

impl Engine {
    /// # Errors
    ///
    /// Where this machine can't run components.
    pub fn new(pools: Pools, limits: &Limits) -> Result<Self, Error> {
        Self::configured(pools, limits).map_err(|error| {
            let advice = match limits.max_instances {
                Some(_) => "; a smaller --max-instances may fit this machine",
                None => "",
            };
            Error::Engine(format!("{error:#}{advice}"))
        })
    }

    fn configured(pools: Pools, limits: &Limits) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        config.epoch_interruption(limits.time_slice.is_some());
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(pools, limits)));
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

    /// Compiles the component that was read from `path`, and resolves its imports.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, and what to do.
    pub fn prepare(&mut self, path: &Path, wasm: &Wasm) -> Result<Ready, String> {
        let pre = match self.compiled.get(path) {
            Some(found) => found.clone(),
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
        pre.map(|pre| Ready { pre, wasi })
            .map_err(|error| format!("its HTTP export can't be called: {error:#}"))
    }

    fn compile(&self, wasm: &[u8]) -> Result<InstancePre<Guest>, String> {
        let component = Component::new(&self.engine, wasm).map_err(|error| {
            format!("it can't be compiled: {error:#}; build it anew, or get another copy")
        })?;
        self.linker.instantiate_pre(&component).map_err(|error| {
            format!("it needs what the embedded host doesn't offer: {error:#}; run this app with `spin up`")
        })
    }

    /// The engine that the components were compiled for.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }
}

/// Slots for all instances, made once: a new instance takes one that another left.
fn pooling(pools: Pools, limits: &Limits) -> PoolingAllocationConfig {
    let each = |count: u32| u32::try_from(pools.instances).unwrap_or(u32::MAX).saturating_mul(count.max(1));
    let Needs { core_instances, memories, tables, stacks } = pools.needs;
    let mut pooling = PoolingAllocationConfig::new();
    pooling
        .total_component_instances(each(1))
        .total_core_instances(each(core_instances))
        .max_core_instances_per_component(core_instances.max(1))
        .total_memories(each(memories))
        .max_memories_per_component(memories.max(1))
        .total_tables(each(tables))
        .max_tables_per_component(tables.max(1))
        .max_tables_per_module(tables.max(1))
        .total_stacks(each(stacks))
        .max_memory_size(limits.max_instance_memory.0);
    cleaning(&mut pooling);
    pooling
}

/// How a slot is made clean for the next instance. Asking the kernel which pages were written, and
/// writing those back, keeps them mapped: giving them back costs a flush of every core's TLB, and a
/// page fault each when they are used again. Kernels before 6.7 can't say: there, giving back many
/// slots in one go costs least.
fn cleaning(pooling: &mut PoolingAllocationConfig) {
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pooling
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEPT_RESIDENT.0)
            .table_keep_resident(KEPT_RESIDENT.0);
    } else {
        pooling.decommit_batch_size(DECOMMIT_BATCH);
    }
}
