//! embassy-time's driver over one alarm.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

/// A board's counter and the one interrupt it can raise. Times are microseconds since the start.
pub trait Alarm: Send + Sync + 'static {
    /// The present time; never goes back.
    fn now(&self) -> u64;

    /// Raises the alarm interrupt once `at` has come, at once if it is past; replaces the alarm set before.
    /// An interrupt that comes too early does no harm. `u64::MAX` is never.
    fn set(&self, at: u64);
}

/// The driver, to be registered with `embassy_time_driver::time_driver_impl!`.
pub struct Timer<A> {
    alarm: A,
    queue: Mutex<RefCell<Queue>>,
}

impl<A: Alarm> Timer<A> {
    /// A driver over the board's alarm.
    pub const fn new(alarm: A) -> Self {
        Self {
            alarm,
            queue: Mutex::new(RefCell::new(Queue::new())),
        }
    }

    /// The alarm underneath, to start it.
    pub fn alarm(&self) -> &A {
        &self.alarm
    }

    /// Interrupt handler of the alarm: wakes what is due and sets the next alarm.
    pub fn on_alarm(&self) {
        critical_section::with(|section| self.advance(&mut self.queue.borrow_ref_mut(section)));
    }

    fn advance(&self, queue: &mut Queue) {
        self.alarm.set(queue.next_expiration(self.alarm.now()));
    }
}

impl<A: Alarm> Driver for Timer<A> {
    fn now(&self) -> u64 {
        self.alarm.now()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow_ref_mut(section);
            if queue.schedule_wake(at, waker) {
                self.advance(&mut queue);
            }
        });
    }
}
