//! What a guest may not do in its database: reach other files, or change a connection that other guests use after it.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// The pragmas that a guest may use. Each reads, or writes to the file what belongs there.
const PRAGMAS: [&str; 14] = [
    "application_id",
    "collation_list",
    "data_version",
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
];

/// Restricts what statements of the connection can do.
pub fn apply(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.authorizer(Some(|context: AuthContext<'_>| match is_allowed(&context.action) {
        true => Authorization::Allow,
        false => Authorization::Deny,
    }))
}

fn is_allowed(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => false,
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let name = pragma_name.to_ascii_lowercase();
            let is_on =
                |value: &str| matches!(value.to_ascii_lowercase().as_str(), "on" | "1" | "true" | "yes");
            // Foreign keys are always checked, as in Spin.
            PRAGMAS.contains(&name.as_str()) || name == "foreign_keys" && pragma_value.is_none_or(is_on)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;

    use super::*;

    #[test]
    fn a_statement_can_not_reach_other_files_or_change_the_connection() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection).unwrap();
        for allowed in [
            "CREATE TABLE t (a)",
            "INSERT INTO t VALUES (1)",
            "PRAGMA user_version = 3",
            "PRAGMA foreign_keys = ON",
            "SELECT * FROM t ORDER BY a",
        ] {
            connection.prepare(allowed).and_then(|mut statement| statement.raw_execute()).ok();
            assert!(connection.prepare(allowed).is_ok() || allowed.starts_with("CREATE"), "{allowed}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.db").display().to_string();
        for denied in [
            format!("ATTACH '{file}' AS x").as_str(),
            format!("VACUUM INTO '{file}'").as_str(),
            "PRAGMA journal_mode = DELETE",
            "PRAGMA foreign_keys = OFF",
            "PRAGMA max_page_count = 1000000",
            "CREATE TEMP TABLE u (a)",
        ] {
            let result = connection.prepare(denied).and_then(|mut statement| statement.raw_execute());
            let code = result.unwrap_err().sqlite_error_code();
            assert_eq!(code, Some(ErrorCode::AuthorizationForStatementDenied), "{denied}");
        }
    }
}
