//! How much memory an instance may have.

use wasmtime::ResourceLimiter;

use crate::bytes::Bytes;

/// Ends a guest that asks for more.
pub struct MemoryBound(pub Bytes);

impl ResourceLimiter for MemoryBound {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Guests hardly ever survive a refusal, and what they die of then doesn't say why.
        if desired > self.0.0 {
            return Err(wasmtime::format_err!(
                "it wants {desired} bytes of memory, and {} is allowed (--max-instance-memory)",
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
