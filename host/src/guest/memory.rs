//! The limit of an instance's memory.

use wasmtime::ResourceLimiter;

use crate::byte_size::ByteSize;

/// Ends a guest that wants more memory than the limit.
pub struct MemoryLimiter(pub ByteSize);

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // An error, not `Ok(false)`: few guests survive a refusal, and their own trap doesn't name the reason.
        if desired > self.0.0 {
            return Err(wasmtime::format_err!(
                "the guest wants {desired} bytes of memory, and {} is allowed (--max-instance-memory)",
                self.0
            ));
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(true)
    }
}
