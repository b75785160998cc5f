//! The plug is pulled at every single flash operation of everything that a board can be asked for, also while it comes up.
//!
//! After each cut the board boots, the old or the new release runs whole, and what was asked for can be had.

mod actions;
mod transfers;

use nor_simulator::Cut;

use crate::support::Rig;

/// Ways in which an operation is cut within, besides that it does not begin: one, or as many as `POWER_WAYS` says
/// (`make power`).
fn ways() -> u64 {
    std::env::var("POWER_WAYS").map_or(1, |text| text.parse().expect("POWER_WAYS is a number"))
}

/// The power went while something was asked for.
#[derive(Debug)]
pub struct Gone;

/// Something that a board is asked for, step by step, until it is so.
pub trait Action<const ERASE: usize, const WORD: usize> {
    /// Brings a new board to where it begins.
    fn prepare(&self, rig: &mut Rig<ERASE, WORD>);
    /// Asks until it is done.
    fn ask(&self, rig: &mut Rig<ERASE, WORD>) -> Result<(), Gone>;
    /// What must hold after any cut.
    fn check(&self, rig: &mut Rig<ERASE, WORD>);
    /// What must hold when it is done.
    fn check_done(&self, rig: &mut Rig<ERASE, WORD>);
}

/// Fails when the power is off.
pub fn alive<const ERASE: usize, const WORD: usize>(rig: &Rig<ERASE, WORD>) -> Result<(), Gone> {
    if rig.nor.is_dead() { Err(Gone) } else { Ok(()) }
}

/// Cuts an action, and the start before it, at each operation; returns how many cuts that were.
fn survives<const ERASE: usize, const WORD: usize>(action: &dyn Action<ERASE, WORD>) -> u32 {
    let mut rig = Rig::<ERASE, WORD>::enrolled();
    action.prepare(&mut rig);
    let (before, mut cuts, mut seed) = (rig.nor.snapshot(), 0, 0);
    for operation in 0.. {
        let mut done = true;
        for way in 0..=ways() {
            seed += 1;
            let cut = match way {
                0 => Cut::Before,
                _ => Cut::Within(seed),
            };
            rig.nor.restore(&before);
            rig.cut_in(operation, cut);
            rig.boot_as_it_is();
            if alive(&rig).is_ok() && action.ask(&mut rig).is_ok() {
                continue;
            }
            done = false;
            cuts += 1;
            // The power goes once more while the board comes up.
            rig.nor.revive();
            rig.cut_in(operation % 4, Cut::Within(seed));
            rig.boot_as_it_is();
            cuts += u32::from(rig.nor.is_dead());
            rig.boot();
            assert!(rig.is_up(), "the board is down after a cut at {operation}");
            action.check(&mut rig);
            action.ask(&mut rig).expect("the power stays on");
            action.check_done(&mut rig);
            rig.boot();
            action.check_done(&mut rig);
        }
        if done {
            break;
        }
    }
    cuts
}

/// Every action on flash like this.
fn all<const ERASE: usize, const WORD: usize>(board: &str) {
    let actions: [(&str, Box<dyn Action<ERASE, WORD>>); 7] = [
        ("update", Box::new(actions::Update::good())),
        ("update that fails", Box::new(actions::Update::bad())),
        (
            "update of the configuration",
            Box::new(actions::Update::same_code()),
        ),
        ("update by a patch", Box::new(actions::Update::by_patch())),
        ("first installation", Box::new(actions::First)),
        ("removal", Box::new(actions::Removal)),
        ("rotation", Box::new(actions::Rotation)),
    ];
    let mut total = 0;
    for (name, action) in actions {
        let cuts = survives(&*action);
        println!("{board}: {name}: {cuts} cuts");
        assert!(cuts > 0, "{name} writes to flash");
        total += cuts;
    }
    println!("{board}: {total} cuts in all");
}

#[test]
fn like_qemu_an505_and_esp32() {
    all::<4096, 4>("qemu-an505, ESP32");
}

#[test]
fn like_qemu_riscv32() {
    all::<262_144, 4>("qemu-riscv32");
}

#[test]
fn like_rp2350() {
    all::<4096, 256>("RP2350");
}

#[test]
fn like_esp32_with_encryption() {
    all::<4096, 32>("ESP32, encrypted");
}

#[test]
fn like_stm32f4() {
    all::<131_072, 4>("STM32F4");
}

#[test]
fn enrollment_is_whole_or_nothing() {
    for cut in [Cut::Before, Cut::Within(1), Cut::Within(2)] {
        for at in 0.. {
            let mut rig = Rig::<4096>::new();
            rig.cut_in(at, cut);
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
