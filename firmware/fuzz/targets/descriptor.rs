//! Deployment descriptors: what was parsed can be read without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use petiole_trust::Descriptor;

fuzz_target!(|data: &[u8]| {
    let Ok(descriptor) = Descriptor::parse(data) else {
        return;
    };
    let component = descriptor.component();
    for grant in component.grants() {
        assert!(grant.labels().count() <= data.len());
    }
    assert!(component.config().count() <= data.len());
    assert!(component.triggers().all(|trigger| trigger.interval_ms > 0));
});
