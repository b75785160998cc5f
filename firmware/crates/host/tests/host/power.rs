//! The plug is pulled at every single flash operation, before it and half way through it.

use crate::support::nor::Cut;
use crate::support::{Bundle, LARGE_BLOCKS, Rig, SMALL_BLOCKS, script};

/// Brings a release onto the board as an edge host does, whatever happens to the power. `Err` when the power went.
fn bring<const ERASE: usize>(rig: &mut Rig<ERASE>, bundle: &Bundle) -> Result<(), ()> {
    let alive = |rig: &Rig<ERASE>| if rig.nor.is_dead() { Err(()) } else { Ok(()) };
    for _ in 0..40 {
        alive(rig)?;
        let row = rig.rows().into_iter().find(|row| row.name == bundle.name);
        match row.as_ref().map(|row| (&*row.version, &*row.state)) {
            Some((version, "confirmed" | "rolled-back")) if version == bundle.version => {
                return Ok(());
            }
            Some((version, "staged")) if version == bundle.version => {
                drop(rig.activate(bundle.name))
            }
            Some((version, "probation")) if version == bundle.version => {
                rig.confirm(bundle.name, bundle.sequence);
                alive(rig)?;
                rig.pass(1_000);
            }
            _ => drop(rig.install(bundle)),
        }
    }
    panic!("{} does not arrive: {:?}", bundle.version, rig.rows());
}

/// Deploys `bundle` on a board, cutting the power at operation `at` from here; it comes up and arrives anyway.
/// Returns whether the power was cut.
fn survives<const ERASE: usize>(
    rig: &mut Rig<ERASE>,
    bundle: &Bundle,
    at: u32,
    cut: Cut,
    old: Option<&str>,
) -> bool {
    rig.nor.cut_at(rig.nor.operations() + at, cut);
    if bring(rig, bundle).is_ok() {
        return false;
    }
    rig.boot();
    assert!(rig.is_up());
    if let Some(old) = old {
        rig.pass(1_100);
        let row = rig.row(bundle.name);
        let running = row.previous.as_deref().unwrap_or(&row.version);
        assert!(running == old || running == bundle.version, "{row:?}");
        assert!(
            row.calls > 0,
            "something runs after the cut at {at}: {row:?}"
        );
    }
    bring(rig, bundle).unwrap();
    rig.boot();
    true
}

fn at_every_operation<const ERASE: usize>(cut: Cut) {
    let mut rig = Rig::<ERASE>::enrolled();
    let script_of = |words: &str| script(words, 9_001);
    let mut sequence = 0;
    let mut release = |version, words: &str| {
        sequence += 1;
        Bundle {
            interval_ms: 100,
            ..Bundle::new(sequence, version, script_of(words))
        }
    };
    rig.deploy(&release("old", "fine"));
    let mut at = 0;
    loop {
        let cut_here = survives(&mut rig, &release("new", "fine new"), at, cut, Some("old"));
        assert_eq!(rig.row("thermometer").state, "confirmed");
        survives(&mut rig, &release("bad", "trap:2"), at, cut, Some("new"));
        let row = rig.row("thermometer");
        assert_eq!(
            (&*row.state, row.previous.as_deref()),
            ("rolled-back", Some("new")),
            "{row:?}"
        );
        rig.nor.revive();
        rig.boot();
        rig.deploy(&release("old", "fine"));
        at += 1;
        if !cut_here {
            break;
        }
    }
    assert!(at > 15, "{at} operations");
}

#[test]
fn small_blocks_cut_before_each_operation() {
    at_every_operation::<SMALL_BLOCKS>(Cut::Before);
}

#[test]
fn small_blocks_cut_half_way_through_each_operation() {
    at_every_operation::<SMALL_BLOCKS>(Cut::Half);
}

#[test]
fn large_blocks_cut_before_each_operation() {
    at_every_operation::<LARGE_BLOCKS>(Cut::Before);
}

#[test]
fn large_blocks_cut_half_way_through_each_operation() {
    at_every_operation::<LARGE_BLOCKS>(Cut::Half);
}

#[test]
fn enrollment_is_whole_or_nothing() {
    for cut in [Cut::Before, Cut::Half] {
        for at in 0.. {
            let mut rig = Rig::<SMALL_BLOCKS>::new();
            rig.nor.cut_at(rig.nor.operations() + at, cut);
            let answer = rig.enroll();
            let done = !rig.nor.is_dead();
            assert_eq!(answer.find("key").is_some(), done);
            rig.boot();
            let answer = rig.enroll();
            assert!(answer.find("key").is_some() || answer.refusal() == "already-enrolled");
            if done {
                break;
            }
        }
    }
}

#[test]
fn a_transfer_goes_on_near_where_it_was_cut() {
    for cut in [Cut::Before, Cut::Half] {
        let mut rig = Rig::<SMALL_BLOCKS>::enrolled();
        let bundle = Bundle::new(1, "1", script("fine", 30_000));
        rig.send_envelope(&bundle.envelope());
        rig.nor.cut_at(rig.nor.operations() + 85, cut);
        rig.send_code(&bundle.code, 0);
        assert!(rig.nor.is_dead());
        rig.boot();
        let answer = rig.send_envelope(&bundle.envelope());
        let next = answer.number("next").unwrap();
        assert!((18_000..24_000).contains(&next), "{next}");
        assert_eq!(
            rig.send_code(&bundle.code, next).text("state").as_deref(),
            Some("staged")
        );
    }
}

/// Large blocks: erasing what is torn takes the envelope along, which is kept and written again.
#[test]
fn a_torn_word_in_a_slot_of_one_block_starts_the_transfer_over() {
    let mut rig = Rig::<LARGE_BLOCKS>::enrolled();
    let bundle = Bundle::new(1, "1", script("fine", 30_000));
    rig.send_envelope(&bundle.envelope());
    rig.nor.cut_at(rig.nor.operations() + 20, Cut::Half);
    rig.send_code(&bundle.code, 0);
    rig.boot();
    let next = rig
        .send_envelope(&bundle.envelope())
        .number("next")
        .unwrap();
    assert!(next > 3_000, "{next}");
    assert_eq!(
        rig.send_code(&bundle.code, next).text("state").as_deref(),
        Some("staged")
    );
}

/// Another release in the same slot never goes on over the bytes of the one before it.
#[test]
fn a_new_envelope_starts_from_the_beginning() {
    let mut rig = Rig::<SMALL_BLOCKS>::enrolled();
    let first = Bundle::new(1, "1", script("fine", 20_000));
    rig.send_envelope(&first.envelope());
    for offset in (0..9_000).step_by(1_500) {
        rig.send_block(&first.code, offset);
    }
    let second = Bundle::new(2, "2", script("other", 20_000));
    assert_eq!(
        rig.send_envelope(&second.envelope()).number("next"),
        Some(0)
    );
    rig.boot();
    assert_eq!(
        rig.send_envelope(&second.envelope()).number("next"),
        Some(0)
    );
    rig.deploy(&second);
}
