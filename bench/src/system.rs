//! The systems under test, and the arguments that start them.

use crate::app::{App, Wasi};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Embedded,
    Wasmtime,
    Spin,
    Native,
    /// The delay server of this program, with a known capacity.
    Delay,
}

/// The systems that run guests.
pub const HOSTS: [System; 3] = [System::Embedded, System::Wasmtime, System::Spin];

impl System {
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded host",
            Self::Wasmtime => "`wasmtime serve`",
            Self::Spin => "`spin up`",
            Self::Native => "native hyper, no guest",
            Self::Delay => "delay server",
        }
    }

    /// Whether it is a program of others, which may be missing or too old.
    pub fn is_peer(self) -> bool {
        matches!(self, Self::Wasmtime | Self::Spin)
    }

    /// The arguments that make it serve `app`, without the address.
    pub fn args(self, app: &App) -> Vec<String> {
        let component = format!("components/target/wasm32-wasip2/release/{}", app.component);
        let words: &[&str] = match (self, app.wasi) {
            (Self::Embedded, _) => &["serve", app.manifest, "--no-build", "--quiet"],
            (Self::Wasmtime, Wasi::P2) => &["serve", "-Scli", &component],
            (Self::Wasmtime, Wasi::P3) => &["serve", "-Scli", "-Sp3", "-Wcomponent-model-async", &component],
            (Self::Spin, _) => &["up", "-f", app.manifest],
            (Self::Native, _) => return vec!["native".to_owned()],
            (Self::Delay, _) => &["hold"],
        };
        words.iter().chain(app.flags).map(|&word| word.to_owned()).collect()
    }

    /// The flag that takes the address.
    pub fn address_flag(self) -> &'static str {
        if self == Self::Wasmtime { "--addr" } else { "--listen" }
    }
}
