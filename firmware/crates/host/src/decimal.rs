//! Numbers as text, without the formatting machinery of `core`.

use alloc::string::String;

/// Appends a number in decimal digits.
pub fn push_decimal(text: &mut String, number: u32) {
    if number >= 10 {
        push_decimal(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}
