//! The messages of `wasmcloud:messaging`, and which subjects a filter lets through.

use alloc::string::String;
use alloc::vec::Vec;

/// Subjects that begin so are where one request awaits its answer; publishing to them needs no grant.
pub const INBOX: &str = "_INBOX.";
/// The longest subject, bytes.
pub const LONGEST_SUBJECT: usize = 64;

/// A message between guests, or between a guest and the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it goes: tokens parted by dots.
    pub subject: String,
    /// What it says.
    pub body: Vec<u8>,
    /// The subject of an answer, when one is wanted.
    pub reply_to: Option<String>,
}

/// Why a message was not sent, or a request not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// No filter of the component's grant lets the subject through.
    NotGranted,
    /// The subject has an empty token, a wildcard or a space, or is too long.
    InvalidSubject,
    /// The body is longer than the board carries.
    TooLong,
    /// The component sent more than its limit.
    RateLimited,
    /// The board keeps no more messages or requests for now.
    Full,
    /// Nobody answered in time.
    Timeout,
}

impl MessageError {
    /// The word that the guest gets.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotGranted => "not-granted",
            Self::InvalidSubject => "invalid-subject",
            Self::TooLong => "too-long",
            Self::RateLimited => "rate-limited",
            Self::Full => "full",
            Self::Timeout => "timeout",
        }
    }
}

/// Whether messages can go to `subject`: tokens of printable ASCII but `*` and `>`, parted by dots.
pub fn is_subject(subject: &str) -> bool {
    subject.len() <= LONGEST_SUBJECT
        && subject.split('.').all(|token| {
            !token.is_empty()
                && token
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'>')
        })
}

/// Whether `filter` lets `subject` through: `*` stands for one token, `>` at the end for one or more.
pub fn matches(filter: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in filter.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SUBJECT, is_subject, matches};

    #[test]
    fn filters_without_wildcards_are_compared() {
        assert!(matches("room.one", "room.one"));
        assert!(!matches("room.one", "room.two"));
        assert!(!matches("room.one", "room"));
        assert!(!matches("room", "room.one"));
    }

    #[test]
    fn a_star_is_one_token() {
        assert!(matches("room.*.air", "room.one.air"));
        assert!(matches("*", "room"));
        assert!(!matches("*", "room.one"));
        assert!(!matches("room.*", "room"));
        assert!(!matches("r*", "room"));
    }

    #[test]
    fn an_arrow_is_the_rest_and_not_nothing() {
        assert!(matches(">", "room.one.air"));
        assert!(matches("room.>", "room.one.air"));
        assert!(matches("*.>", "room.one"));
        assert!(!matches("room.>", "room"));
        assert!(!matches("hall.>", "room.one"));
    }

    #[test]
    fn subjects_have_no_wildcards_and_no_empty_tokens() {
        for subject in ["a", "a.b", "_INBOX.1", "a-b.c_d/e"] {
            assert!(is_subject(subject), "{subject}");
        }
        for subject in ["", ".", "a.", ".a", "a..b", "a b", "a.*", ">", "a.b>", "ä"] {
            assert!(!is_subject(subject), "{subject}");
        }
        assert!(is_subject(&"a".repeat(LONGEST_SUBJECT)));
        assert!(!is_subject(&"a".repeat(LONGEST_SUBJECT + 1)));
    }
}
