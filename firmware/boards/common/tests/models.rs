//! The stand-ins behave like what they stand for.

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::{Error, ErrorKind, I2c, NoAcknowledgeSource};
use embedded_hal::pwm::SetDutyCycle;
use embedded_hal::spi::SpiBus;
use petiole_board::models::{Duty, Loopback, NoPin, Tmp105, Wire};
use petiole_interfaces::gpio::{Edges, Event, Input, Wait};

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};

struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count(AtomicU32::new(0)));
    (count.clone(), Waker::from(count))
}

#[test]
fn an_input_reads_what_the_output_at_the_other_end_drives() {
    let wire = Wire::default();
    let (mut output, mut input) = wire.ends();
    assert_eq!(input.is_high(), Ok(false));
    output.set_high().unwrap();
    assert_eq!(input.is_high(), Ok(true));
    output.set_low().unwrap();
    assert_eq!(input.is_high(), Ok(false));
}

#[test]
fn every_edge_is_counted_and_the_first_one_wakes() {
    let wire = Wire::default();
    let (mut output, mut input) = wire.ends();
    let (count, waker) = counting();
    input.wake_on_change(&waker);
    input.wake_on_change(&waker);
    output.set_low().unwrap();
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
    output.set_high().unwrap();
    output.set_low().unwrap();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    let edges = Edges {
        rising: 1,
        falling: 1,
    };
    assert_eq!(input.edges(), edges);
}

#[test]
fn a_wait_ends_with_its_edge_even_when_that_is_over() {
    let wire = Wire::default();
    let (mut output, mut input) = wire.ends();
    let mut context = Context::from_waker(Waker::noop());
    let falling = Wait::start(&mut input, Event::Falling);
    output.set_high().unwrap();
    assert!(falling.poll(&mut input, &mut context).is_pending());
    output.set_low().unwrap();
    output.set_high().unwrap();
    assert!(falling.poll(&mut input, &mut context).is_ready());
}

#[test]
fn a_pin_that_leads_nowhere_is_low_whatever_is_driven() {
    NoPin.set_high().unwrap();
    assert!(NoPin.is_low().unwrap());
}

#[test]
fn a_loopback_gives_back_what_goes_out() {
    let mut words = [1, 2, 3];
    Loopback.transfer_in_place(&mut words).unwrap();
    assert_eq!(words, [1, 2, 3]);
    let mut longer = [9; 4];
    Loopback.transfer(&mut longer, &[5, 6]).unwrap();
    assert_eq!(longer, [5, 6, 0, 0]);
    Loopback.read(&mut words).unwrap();
    assert_eq!(words, [0; 3]);
}

#[test]
fn a_dimmer_remembers_its_duty() {
    let mut dimmer = Duty::new();
    dimmer.set_duty_cycle_percent(25).unwrap();
    assert_eq!(dimmer.duty(), Duty::STEPS / 4);
}

#[test]
fn the_sensor_answers_at_its_address_alone() {
    let mut bus = Tmp105::new(21 << 8);
    let error = bus.read(0x49, &mut [0]).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)
    );
}

#[test]
fn the_sensor_keeps_its_registers_apart() {
    let mut bus = Tmp105::new((21 << 8) + 0x8f);
    let mut two = [0; 2];
    bus.read(0x48, &mut two).unwrap();
    assert_eq!(two, [21, 0x80]);
    bus.write(0x48, &[2, 10, 0x40]).unwrap();
    bus.write(0x48, &[1, 0x60, 0xee]).unwrap();
    bus.write(0x48, &[0, 99, 99]).unwrap();
    for (pointer, wanted) in [
        (0, [21, 0x80]),
        (1, [0x60, 0]),
        (2, [10, 0x40]),
        (3, [80, 0]),
    ] {
        bus.write_read(0x48, &[pointer], &mut two).unwrap();
        assert_eq!(two, wanted, "register {pointer}");
    }
}
