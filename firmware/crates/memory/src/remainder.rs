//! The remainder of a division of floating-point numbers, bit by bit: the compiler's own routines take 4 KB of flash.
//!
//! On boards only the interpreter asks for it, for a remainder of 2 when it rounds a number that lies in the middle.

const SIGN: u64 = 1 << 63;
const HIDDEN: u64 = 1 << 52;
const INFINITE: u64 = 0x7ff << 52;

/// What is left of `x` after as many whole `y` as fit, with the sign of `x` (C's `fmod`, Rust's `%`).
#[must_use]
pub fn remainder(x: f64, y: f64) -> f64 {
    let (a, b) = (x.to_bits() & !SIGN, y.to_bits() & !SIGN);
    if b == 0 || a >= INFINITE || b > INFINITE {
        return f64::NAN;
    }
    if a < b {
        return x;
    }
    let ((mut exponent, mut rest), (least, divisor)) = (parts(a), parts(b));
    loop {
        if rest >= divisor {
            rest -= divisor;
        }
        if exponent == least {
            break;
        }
        rest <<= 1;
        exponent -= 1;
    }
    let magnitude = if rest == 0 {
        0
    } else {
        let shift = rest.leading_zeros() as i32 - 11;
        rest <<= shift;
        exponent -= shift;
        if exponent > 0 {
            rest - HIDDEN + ((exponent as u64) << 52)
        } else {
            rest >> (1 - exponent)
        }
    };
    f64::from_bits(magnitude | (x.to_bits() & SIGN))
}

/// Exponent, and mantissa with its leading one at [`HIDDEN`], of a finite number that is not zero.
fn parts(bits: u64) -> (i32, u64) {
    let exponent = (bits >> 52) as i32;
    if exponent > 0 {
        return (exponent, bits % HIDDEN + HIDDEN);
    }
    let shift = bits.leading_zeros() as i32 - 11;
    (1 - shift, bits << shift)
}

#[cfg(target_os = "none")]
mod symbols {
    use super::remainder;

    // SAFETY: this is C's function of the name, for the compiler to call.
    #[unsafe(no_mangle)]
    extern "C" fn fmod(x: f64, y: f64) -> f64 {
        remainder(x, y)
    }

    // SAFETY: as above. The remainder of two such numbers is one, so nothing is rounded.
    #[unsafe(no_mangle)]
    extern "C" fn fmodf(x: f32, y: f32) -> f32 {
        remainder(x.into(), y.into()) as f32
    }
}
