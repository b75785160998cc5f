//! Calendar expressions as `tests/vectors/cron.json` has them.

use petiole_host::Cron;
use serde_json::Value;

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/vectors/cron.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn times_are_those_of_the_vectors() {
    for case in vectors()["due"].as_array().unwrap() {
        let text = case["expression"].as_str().unwrap();
        let cron = Cron::parse(text).unwrap();
        let mut unix = case["from"].as_u64().unwrap();
        for next in case["next"].as_array().unwrap() {
            unix = cron.next_after(unix).unwrap();
            assert_eq!(Some(unix), next.as_u64(), "{text}");
        }
    }
}

#[test]
fn what_the_vectors_refuse_is_not_read() {
    for text in vectors()["refused"].as_array().unwrap() {
        assert_eq!(Cron::parse(text.as_str().unwrap()), None, "{text}");
    }
}
