//! The limit of open file descriptors. Each connection needs one.

pub use host::capacity::raise_descriptors as raise_limit;

/// Descriptors for other uses: the standard streams, the runtime, result files.
const RESERVED: u64 = 64;

/// The number of connections that may be open at once.
pub fn max_connections() -> u64 {
    raise_limit().saturating_sub(RESERVED)
}

/// Checks that this number of connections can be open at once.
///
/// # Errors
///
/// A line with the limit, and how to raise it.
pub fn check(connections: usize) -> Result<(), String> {
    let limit = raise_limit();
    let max = max_connections();
    if connections as u64 <= max {
        return Ok(());
    }
    Err(format!(
        "{connections} connections at once are more than this process may open: {max} of the {limit} \
         descriptors that its hard limit allows; use a smaller -c, or raise the limit (`ulimit -Hn`, as root)"
    ))
}

#[cfg(test)]
mod tests {
    use nix::sys::resource::{Resource, getrlimit};

    use super::*;

    #[test]
    fn an_error_states_the_limit() {
        assert_eq!(check(1), Ok(()));
        let limit = raise_limit();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, limit, "it was raised");
        if let Ok(limit) = usize::try_from(limit).map(|limit| limit.saturating_sub(RESERVED as usize)) {
            assert_eq!(check(limit), Ok(()));
            let error = check(limit.saturating_add(1)).unwrap_err();
            assert!(error.contains(&format!("{limit} of the ")), "{error}");
        }
    }
}
