//! What boards take in the place of the crate that artifacts are compiled with.

use reference::WasmFeatures as Reference;
use wasmparser::WasmFeatures;

#[test]
fn features_have_the_bits_that_stand_in_artifacts() {
    let ours: Vec<_> = WasmFeatures::all()
        .iter_names()
        .map(|(name, feature)| (name, feature.bits()))
        .collect();
    let reference: Vec<_> = Reference::all()
        .iter_names()
        .map(|(name, feature)| (name, feature.bits()))
        .collect();
    assert_eq!(ours, reference);
    assert_eq!(WasmFeatures::all().bits(), Reference::all().bits());
    assert_eq!(WasmFeatures::WASM3.bits(), Reference::WASM3.bits());
}

#[test]
fn costs_are_known_of_no_operator() {
    macro_rules! names {
        ($(@$proposal:ident $operator:ident $({ $($field:ident: $type:ty),* })? => $visit:ident ($($note:tt)*))*) => {
            vec![$(stringify!($operator)),*]
        };
    }
    let (ours, reference): (Vec<&str>, Vec<&str>) = (
        wasmparser::for_each_operator!(names),
        reference::for_each_operator!(names),
    );
    assert!(ours.is_empty());
    assert!(reference.len() > 600);
}
