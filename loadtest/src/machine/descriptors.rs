//! A connection costs a descriptor, and a process may hold only so many.

pub use host::capacity::raise_descriptors as limit;

/// What else the process holds open: its standard streams, the runtime's, result files.
const OTHERS: u64 = 64;

/// How many connections may be open at once.
pub fn room() -> u64 {
    limit().saturating_sub(OTHERS)
}

/// Whether so many connections can be open at once.
///
/// # Errors
///
/// A line that says the limit and how to raise it.
pub fn allow(connections: usize) -> Result<(), String> {
    let limit = limit();
    let room = room();
    if connections as u64 <= room {
        return Ok(());
    }
    Err(format!(
        "{connections} connections at once are more than this process may open: {room} of the {limit} \
         descriptors that its hard limit allows; give a smaller -c, or raise the limit (`ulimit -Hn`, as root)"
    ))
}

#[cfg(test)]
mod tests {
    use nix::sys::resource::{Resource, getrlimit};

    use super::*;

    #[test]
    fn what_the_limit_does_not_allow_is_said_with_the_limit() {
        assert_eq!(allow(1), Ok(()));
        let limit = limit();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, limit, "it was raised");
        if let Ok(limit) = usize::try_from(limit).map(|limit| limit.saturating_sub(OTHERS as usize)) {
            assert_eq!(allow(limit), Ok(()));
            let error = allow(limit.saturating_add(1)).unwrap_err();
            assert!(error.contains(&format!("{limit} of the ")), "{error}");
        }
    }
}
