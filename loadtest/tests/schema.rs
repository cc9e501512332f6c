//! docs/result.schema.json is what the types say.

mod common;

#[test]
fn the_committed_schema_is_current() {
    let path = common::project().join("docs/result.schema.json");
    let current = serde_json::to_string_pretty(&loadtest::report::json::schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == current,
        "run `UPDATE_SCHEMA=1 cargo test --test schema`, and commit docs/result.schema.json"
    );
}
