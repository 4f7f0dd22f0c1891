//! Vectors of the world.

/// Along x, y, z.
pub type Vector = [f64; 3];

/// Inner product.
#[inline(always)]
pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The vector across both, right-handed.
#[inline(always)]
pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// From `b` to `a`.
#[inline(always)]
pub fn minus(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// Its length.
#[inline(always)]
pub fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}
