//! Names and subjects (formats reference, sections 1 and 5).

/// Longest subject or filter, bytes.
const MAX_SUBJECT: usize = 64;

/// Whether `text` is a name of ours.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    (1..=32).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

/// Whether `text` is a subject filter: tokens of visible ASCII parted by dots, a token `*` for any one, a last `>` for
/// any rest.
#[must_use]
pub fn is_subject_filter(text: &str) -> bool {
    let mut tokens = text.as_bytes().split(|byte| *byte == b'.').peekable();
    let mut fits = text.len() <= MAX_SUBJECT;
    while let Some(token) = tokens.next() {
        fits &= match token {
            b"*" => true,
            b">" => tokens.peek().is_none(),
            _ => {
                !token.is_empty()
                    && token
                        .iter()
                        .all(|byte| byte.is_ascii_graphic() && !b"*>".contains(byte))
            }
        };
    }
    fits
}

/// Whether `subject` is one that a message may have: a filter that stands for itself alone.
#[must_use]
pub fn is_subject(subject: &str) -> bool {
    is_subject_filter(subject) && !subject.split('.').any(|token| matches!(token, "*" | ">"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_and_filters_have_whole_tokens() {
        for text in ["a", "a.B_9.$x-y/z", "*.a", "a.>", ">"] {
            assert!(is_subject_filter(text), "{text}");
        }
        for text in [
            "", ".", "a.", ".a", "a..b", "a b", ">.a", "a*", "a.b>", "\u{e4}",
        ] {
            assert!(!is_subject_filter(text), "{text}");
        }
        assert!(is_subject("a.b") && !is_subject("a.*") && !is_subject(">"));
        assert!(!is_subject_filter(&"a".repeat(65)));
    }
}
