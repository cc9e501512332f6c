//! Leaves out the linker's last step, which makes a component of the module. So the module needs no other target.

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--skip-wit-component");
    println!("cargo::rerun-if-changed=build.rs");
}
