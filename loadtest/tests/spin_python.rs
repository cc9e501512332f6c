//! The application in Python, which `scripts/peers.sh spin-python` builds. Only Spin can run it; here its file is read.

mod common;

use std::collections::BTreeSet;

use common::{output, project, stderr};
use host::wasm::Wasi;

#[test]
fn every_component_exports_the_handler_of_wasip3() {
    let file = project().join("target/peers/spin-python/app.wasm");
    assert!(file.exists(), "the component is missing: scripts/peers.sh spin-python");
    let app = host::manifest::load(&project().join("spin-python.toml"), None).expect("a manifest");
    let lab = host::manifest::load(&project().join("spin-wasip3.toml"), None).expect("a manifest");
    let routes =
        |app: &host::App| app.triggers.iter().map(|trigger| trigger.route.full()).collect::<BTreeSet<_>>();
    assert_eq!(routes(&app), routes(&lab));
    for (id, component) in &app.components {
        let wasm = app.wasm(id, component).expect("a component");
        assert_eq!(wasm.wasi, Wasi::P3, "{id}");
        assert!(wasm.for_spin_only.is_some_and(|reason| reason.contains("0.3.0-rc")), "{id}");
    }
}

#[test]
fn the_embedded_host_says_what_it_lacks_and_skips_the_application() {
    let ended = output(&["run", "--manifest", "spin-python.toml", "--setup", "6"]);
    let said = stderr(&ended);
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0), "{said}");
    assert!(
        said.contains("spin-python.toml is skipped on the embedded host: its component")
            && said.contains("0.3.0-rc-2026-03-15"),
        "{said}"
    );
}
