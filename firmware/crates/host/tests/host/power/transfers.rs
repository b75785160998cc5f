//! Where a transfer goes on after a cut.

use nor_simulator::Cut;

use crate::support::{Bundle, LARGE_BLOCKS, Rig, SMALL_BLOCKS, script};

#[test]
fn a_transfer_goes_on_near_where_it_was_cut() {
    for cut in [Cut::Before, Cut::Within(3)] {
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
    rig.nor.cut_at(rig.nor.operations() + 20, Cut::Within(3));
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
