//! How the answers came.

use super::findings::Findings;
use super::kind::{Kind, Shape};

pub fn shape(findings: &Findings, served: Kind) -> Option<Shape> {
    if findings.sharing.batched {
        return Some(Shape::Batched);
    }
    let pool = findings.pool().map(|fit| fit.k);
    match served {
        Kind::Parallel => Some(Shape::Together),
        Kind::Sequential if pool == Some(1) => Some(Shape::Staircase),
        Kind::Limited if pool.is_some_and(|k| 1 < k && k < findings.offered) => Some(Shape::Waves),
        Kind::Sequential | Kind::Limited if findings.first.is_stretched() => Some(Shape::Stretched),
        Kind::Sequential if pool.is_some() => Some(Shape::Staircase),
        _ => None,
    }
}
