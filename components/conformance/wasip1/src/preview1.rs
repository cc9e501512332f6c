//! Calls of WASI preview 1 itself: the standard library calls WASI 0.2.

use std::ffi::CStr;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(clock: u32, precision_ns: u64, time_ns: *mut u64) -> u16;
    fn environ_get(variables: *mut *const i8, bytes: *mut u8) -> u16;
    fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u16;
    fn fd_write(file: u32, buffers: *const Buffer, count: usize, written: *mut usize) -> u16;
}

#[repr(C)]
struct Buffer {
    start: *const u8,
    size: usize,
}

const STDERR: u32 = 2;
const REALTIME: u32 = 0;

/// The environment variables, such as `NAME=value`.
pub fn environment() -> Vec<String> {
    let (mut count, mut size) = (0, 0);
    // SAFETY: the pointers are those of variables of these types.
    assert_eq!(unsafe { environ_sizes_get(&mut count, &mut size) }, 0);
    let mut variables = vec![std::ptr::null(); count];
    let mut bytes = vec![0; size];
    // SAFETY: the vectors have the sizes that `environ_sizes_get` names.
    assert_eq!(unsafe { environ_get(variables.as_mut_ptr(), bytes.as_mut_ptr()) }, 0);
    // SAFETY: each pointer is that of a text in `bytes`, which ends with a zero.
    let text = |variable| unsafe { CStr::from_ptr(variable) }.to_string_lossy().into_owned();
    variables.into_iter().map(text).collect()
}

/// The time.
pub fn seconds_since_1970() -> u64 {
    let mut time_ns = 0;
    // SAFETY: the pointer is that of a variable of this type.
    assert_eq!(unsafe { clock_time_get(REALTIME, 1, &mut time_ns) }, 0);
    time_ns / 1_000_000_000
}

/// Writes to standard error.
pub fn print_error(text: &str) {
    let buffer = Buffer { start: text.as_ptr(), size: text.len() };
    let mut written = 0;
    // SAFETY: `buffer` is one buffer, whose text lives longer than the call.
    assert_eq!(unsafe { fd_write(STDERR, &buffer, 1, &mut written) }, 0);
}
