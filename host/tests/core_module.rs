//! Core modules: served as components, in an adapter.

mod common;

use testing::{guest_app, ok};

use common::{PROGRAM, serve};

const GUEST: &str = "conformance_wasip1.wasm";

#[tokio::test]
async fn a_core_module_is_served_and_calls_wasi_preview_1() {
    PROGRAM.build_guests();
    let keys = "environment = { GREETING = \"hello\" }\nvariables = { name = \"value\" }";
    let (_folder, manifest) = guest_app(GUEST, "", keys);
    let server = serve(&manifest, &[]);
    let expected = "environment: GREETING=hello\nafter 2020: true\nvariable: value\n";
    for path in ["/a", "/b/c"] {
        assert_eq!(server.get(path).await, ok(expected));
    }
    server.log_that_says(&["/a was called", "/b/c was called"]);
}

/// So wasmtime's cache finds what it has compiled before.
#[test]
fn a_core_module_always_becomes_the_same_component() {
    PROGRAM.build_guests();
    let (_folder, manifest) = guest_app(GUEST, "", "");
    let app = host::manifest::load(manifest.as_ref(), None).expect("a manifest");
    let wasm = || app.wasm("guest", &app.components["guest"]).expect("a component");
    assert!(wasm().is_wrapped);
    assert_eq!(wasm().bytes, wasm().bytes);
}
