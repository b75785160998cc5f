//! What a board answers, taken apart.

use petiole_cbor::Reader;

/// A CBOR map with text keys, as an answer or event has it.
#[derive(Clone, Debug)]
pub struct Map(pub Vec<u8>);

impl Map {
    pub fn find(&self, name: &str) -> Option<Reader<'_>> {
        let mut reader = Reader::new(&self.0);
        for _ in 0..reader.map().unwrap() {
            if reader.text().unwrap() == name {
                return Some(reader);
            }
            reader.skip().unwrap();
        }
        None
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.find(name)?.text().ok().map(String::from)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.find(name)?.unsigned().ok()
    }

    /// The name of the refusal that this answer is; empty when it is none.
    pub fn refusal(&self) -> String {
        let reason = self.text("rsn").unwrap_or_default();
        reason.split(':').next().unwrap_or_default().to_owned()
    }
}

/// One row of the list of workloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub version: String,
    pub state: String,
    pub reason: String,
    pub previous: Option<String>,
    pub offset: u64,
    pub calls: u64,
}

impl Row {
    /// The rows in the answer to `workloads`.
    pub fn list(answer: &Map) -> Vec<Self> {
        let mut list = answer.find("workloads").unwrap();
        let count = list.array().unwrap();
        (0..count)
            .map(|_| {
                let before = list.rest();
                list.skip().unwrap();
                let map = Map(before[..before.len() - list.rest().len()].to_vec());
                Self {
                    name: map.text("name").unwrap(),
                    version: map.text("version").unwrap(),
                    state: map.text("state").unwrap(),
                    reason: map.text("reason").unwrap(),
                    previous: map.text("previous"),
                    offset: map.number("off").unwrap(),
                    calls: map.number("calls").unwrap(),
                }
            })
            .collect()
    }
}
