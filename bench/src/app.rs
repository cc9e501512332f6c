//! The applications. All systems serve the same component files.

const BENCH_WASIP2: &str = "components/bench/spin-wasip2.toml";
const BENCH_WASIP3: &str = "components/bench/spin-wasip3.toml";
const BENCH_STORE: &str = "components/bench/spin-store.toml";
const SETUPS: &str = "spin.toml";
const SETUPS_WASIP3: &str = "spin-wasip3.toml";

/// The manifests to build.
pub const MANIFESTS: [&str; 5] = [SETUPS, SETUPS_WASIP3, BENCH_WASIP2, BENCH_WASIP3, BENCH_STORE];

/// An application and how its instances are used.
#[derive(Debug, Clone, Copy)]
pub struct App {
    /// The use of its instances, for the document.
    pub instances: &'static str,
    /// For hosts of applications.
    pub manifest: &'static str,
    /// The file for a host of a single component, in the guests' target folder.
    pub component: &'static str,
    /// The version of WASI that its components use.
    pub wasi: Wasi,
    /// Flags that all hosts take.
    pub flags: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wasi {
    P2,
    P3,
}

pub const P2_FRESH: App = App {
    instances: "WASIp2, fresh",
    manifest: BENCH_WASIP2,
    component: "bench_wasip2.wasm",
    wasi: Wasi::P2,
    flags: &[],
};

pub const P3_FRESH: App = App {
    instances: "WASIp3, fresh",
    manifest: BENCH_WASIP3,
    component: "bench_wasip3.wasm",
    wasi: Wasi::P3,
    flags: &["--max-instance-reuse-count", "1"],
};

pub const P3_REUSED: App = App { instances: "WASIp3, reused", flags: &[], ..P3_FRESH };

/// The guests that use the key-value store. No host of a single component has one.
pub const STORE: App = App { instances: "both versions of WASI", manifest: BENCH_STORE, ..P2_FRESH };

/// The endpoints. A host of a single component serves the synchronous one.
pub const WAITING: App = App { manifest: SETUPS, component: "wasip2_sync.wasm", ..P2_FRESH };

/// The endpoints. A host of a single component serves the one that burns CPU.
pub const BURNING: App = App { component: "wasip2_cpu.wasm", ..WAITING };

/// The endpoints as WASIp3 components. Requests share instances.
pub const SHARING: App = App { manifest: SETUPS_WASIP3, wasi: Wasi::P3, ..WAITING };

/// The flags of the delay server, which has no guest.
pub const fn delay_server(flags: &'static [&'static str]) -> App {
    App { flags, ..WAITING }
}
