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

/// Whether a message of this subject passes the filter.
#[must_use]
pub fn filter_takes(filter: &str, subject: &str) -> bool {
    let mut subject = subject.split('.');
    for token in filter.split('.') {
        match (token, subject.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (token, Some(part)) if token == part => {}
            _ => return false,
        }
    }
    subject.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_take_what_nats_takes() {
        for (filter, subject, taken) in [
            ("a.b", "a.b", true),
            ("a.b", "a.c", false),
            ("a.b", "a", false),
            ("a", "a.b", false),
            ("a.*", "a.b", true),
            ("*.b", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
        ] {
            assert_eq!(filter_takes(filter, subject), taken, "{filter} {subject}");
        }
    }

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
