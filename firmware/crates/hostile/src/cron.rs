//! Calendar expressions of descriptors.

use petiole_host::Cron;

/// Four bytes of time and an expression: the next time is later, and nothing lies before it.
pub fn cron(data: &[u8]) {
    let Some((time, text)) = data.split_first_chunk() else {
        return;
    };
    let Some(cron) = core::str::from_utf8(text).ok().and_then(Cron::parse) else {
        return;
    };
    let now = u64::from(u32::from_le_bytes(*time));
    if let Some(next) = cron.next_after(now) {
        assert!(next > now);
        assert_eq!(cron.next_after(next - 1), Some(next));
        assert_eq!(cron.next_after(now + (next - now) / 2), Some(next));
    }
    let _ = cron.next_after(u64::MAX - now);
}
