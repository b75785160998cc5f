//! What a board is asked for while the power goes.

use petiole_trust::key_id;

use super::{Action, Gone, alive};
use crate::support::bundle::{TRUSTED, public, sign};
use crate::support::{Bundle, Rig, command, patch, script};

const NAME: &str = "thermometer";
/// The key that comes with a rotation.
const NEW_KEY: [u8; 32] = [9; 32];

/// A release that is called often and proves itself soon.
fn release(sequence: u64, version: &'static str, words: &str) -> Bundle {
    Bundle {
        interval_ms: 100,
        calls: 2,
        ..Bundle::new(sequence, version, script(words, 2_501))
    }
}

fn old() -> Bundle {
    release(1, "old", "fine set:kept:100")
}

/// Brings a release onto the board as an edge host does.
fn bring<const E: usize, const W: usize>(
    rig: &mut Rig<E, W>,
    bundle: &Bundle,
    patch: Option<&[u8]>,
) -> Result<(), Gone> {
    for _ in 0..40 {
        alive(rig)?;
        let row = rig.rows().into_iter().find(|row| row.name == bundle.name);
        match row.as_ref().map(|row| (&*row.version, &*row.state)) {
            Some((version, "confirmed" | "rolled-back")) if version == bundle.version => {
                return alive(rig);
            }
            Some((version, "staged")) if version == bundle.version => {
                drop(rig.activate(bundle.name));
            }
            Some((version, "probation")) if version == bundle.version => {
                rig.confirm(bundle.name, bundle.sequence);
                alive(rig)?;
                rig.pass(500);
            }
            _ => match patch {
                Some(patch) => {
                    rig.send_envelope(&bundle.envelope());
                    alive(rig)?;
                    rig.send_patch(patch);
                }
                None => drop(rig.install(bundle)),
            },
        }
    }
    panic!("{} does not arrive: {:?}", bundle.version, rig.rows());
}

/// One of these versions runs, whatever is on its way beside it.
fn runs<const E: usize, const W: usize>(rig: &mut Rig<E, W>, versions: &[&str]) {
    rig.pass(1_100);
    let row = rig.row(NAME);
    let running = row.previous.as_deref().unwrap_or(&row.version);
    assert!(versions.contains(&running), "{row:?}");
    assert!(row.calls > 0, "nothing runs: {row:?}");
}

/// Another release in place of the one that runs.
pub struct Update {
    next: Bundle,
    patch: Option<Vec<u8>>,
    state: &'static str,
}

impl Update {
    fn to(next: Bundle) -> Self {
        Self {
            next,
            patch: None,
            state: "confirmed",
        }
    }

    pub fn good() -> Self {
        Self::to(release(2, "new", "fine new"))
    }

    pub fn bad() -> Self {
        Self {
            state: "rolled-back",
            ..Self::to(release(2, "bad", "trap:2"))
        }
    }

    pub fn same_code() -> Self {
        Self::to(Bundle {
            interval_ms: 50,
            code: old().code,
            ..release(2, "new", "")
        })
    }

    pub fn by_patch() -> Self {
        let good = Self::good();
        Self {
            patch: Some(patch::make(&old().code, &good.next.code)),
            ..good
        }
    }
}

impl<const E: usize, const W: usize> Action<E, W> for Update {
    fn prepare(&self, rig: &mut Rig<E, W>) {
        rig.deploy(&old());
    }

    fn ask(&self, rig: &mut Rig<E, W>) -> Result<(), Gone> {
        bring(rig, &self.next, self.patch.as_deref())
    }

    fn check(&self, rig: &mut Rig<E, W>) {
        runs(rig, &["old", self.next.version]);
    }

    fn check_done(&self, rig: &mut Rig<E, W>) {
        let row = rig.row(NAME);
        assert_eq!(
            (&*row.version, &*row.state),
            (self.next.version, self.state),
            "{row:?}"
        );
        let expected = if self.state == "confirmed" {
            self.next.version
        } else {
            "old"
        };
        runs(rig, &[expected]);
    }
}

/// The first release on a board that has none.
pub struct First;

impl<const E: usize, const W: usize> Action<E, W> for First {
    fn prepare(&self, _: &mut Rig<E, W>) {}

    fn ask(&self, rig: &mut Rig<E, W>) -> Result<(), Gone> {
        bring(rig, &old(), None)
    }

    fn check(&self, rig: &mut Rig<E, W>) {
        assert!(rig.rows().len() <= 1);
    }

    fn check_done(&self, rig: &mut Rig<E, W>) {
        assert_eq!(rig.row(NAME).state, "confirmed");
        runs(rig, &["old"]);
    }
}

/// A workload is removed; its sequence number stays.
pub struct Removal;

impl<const E: usize, const W: usize> Action<E, W> for Removal {
    fn prepare(&self, rig: &mut Rig<E, W>) {
        rig.deploy(&old());
    }

    fn ask(&self, rig: &mut Rig<E, W>) -> Result<(), Gone> {
        if !rig.rows().is_empty() {
            rig.remove(NAME);
        }
        alive(rig)
    }

    fn check(&self, rig: &mut Rig<E, W>) {
        if !rig.rows().is_empty() {
            runs(rig, &["old"]);
        }
    }

    fn check_done(&self, rig: &mut Rig<E, W>) {
        assert!(rig.rows().is_empty());
        let older = release(0, "older", "fine");
        assert_eq!(rig.install(&older).refusal(), "old-sequence");
    }
}

/// Other trust anchors: the old one with a new one.
pub struct Rotation;

impl Rotation {
    fn anchors<const E: usize, const W: usize>(rig: &mut Rig<E, W>) -> Vec<[u8; 8]> {
        let facts = rig.request(64, command::FACTS, false, &[0xa0]);
        let mut list = facts.find("anchors").unwrap();
        let count = list.array().unwrap();
        (0..count).map(|_| *list.array_of().unwrap()).collect()
    }
}

impl<const E: usize, const W: usize> Action<E, W> for Rotation {
    fn prepare(&self, rig: &mut Rig<E, W>) {
        rig.deploy(&old());
    }

    fn ask(&self, rig: &mut Rig<E, W>) -> Result<(), Gone> {
        let message = sign(&TRUSTED, true, |out| {
            out.map(3).unsigned(0).text("petiole-anchors-1");
            out.unsigned(1).unsigned(1).unsigned(2).array(2);
            out.bytes(&public(&TRUSTED)).bytes(&public(&NEW_KEY));
        });
        let answer = rig.write(command::ANCHORS, |out| {
            _ = out.map(1).text("msg").bytes(&message);
        });
        alive(rig)?;
        let taken = answer.find("anchors").is_some() || answer.refusal() == "old-sequence";
        assert!(taken, "{answer:?}");
        Ok(())
    }

    fn check(&self, rig: &mut Rig<E, W>) {
        let found = Self::anchors(rig);
        assert_eq!(found[0], key_id(&public(&TRUSTED)));
        runs(rig, &["old"]);
    }

    fn check_done(&self, rig: &mut Rig<E, W>) {
        let expected = [TRUSTED, NEW_KEY].map(|seed| key_id(&public(&seed)));
        assert_eq!(Self::anchors(rig), expected);
        runs(rig, &["old"]);
    }
}
