//! The committed schemas match the types.

mod common;

fn assert_current(file: &str, schema: &schemars::Schema) {
    let path = common::project().join("docs").join(file);
    let current = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "run `UPDATE_SCHEMA=1 cargo test --test schema`, and commit docs/{file}");
}

#[test]
fn the_committed_schema_of_results_is_current() {
    assert_current("result.schema.json", &loadtest::report::json::schema());
}

#[test]
fn the_committed_schema_of_plans_is_current() {
    assert_current("plan.schema.json", &loadtest::plan::schema());
}

#[test]
fn the_committed_schema_of_capacity_is_current() {
    assert_current("capacity.schema.json", &loadtest::report::json::capacity_schema());
}
