//! What no artifact for boards holds, by names; the same shapes under other names are read.

use postcard::{Error, from_bytes};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, PartialEq, Deserialize)]
struct TypeMap {
    key: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct TypeList {
    element: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct WasmContType(u8);

#[derive(Debug, PartialEq, Deserialize)]
enum FlagValue {
    Bool(bool),
}

#[derive(Debug, PartialEq, Deserialize)]
enum InstantiateModule {
    Static(u8),
    Import(u8),
}

#[derive(Debug, PartialEq, Deserialize)]
enum Export {
    LiftedFunction(u8),
    ModuleStatic(u8),
}

#[derive(Debug, PartialEq, Deserialize)]
struct WasmChecksum([u8; 4]);

#[derive(Debug, PartialEq, Deserialize)]
struct OperatorCost {
    variable: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
enum OperatorCostStrategy {
    Table(Box<OperatorCost>),
    Default,
}

fn refuses<T: DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    assert_eq!(from_bytes::<T>(bytes), Err(Error), "{bytes:02x?}");
}

#[test]
fn types_are_refused_by_name() {
    refuses::<TypeMap>(&[1]);
    refuses::<WasmContType>(&[1]);
    refuses::<FlagValue>(&[0, 1]);
    assert_eq!(from_bytes(&[1]), Ok(TypeList { element: 1 }));
}

#[test]
fn costs_are_refused_however_few_operators_they_are_of() {
    refuses::<OperatorCost>(&[7]);
    refuses::<OperatorCostStrategy>(&[0, 7]);
    assert_eq!(from_bytes(&[1]), Ok(OperatorCostStrategy::Default));
}

#[test]
fn a_list_of_a_refused_type_is_read_when_it_is_empty() {
    assert_eq!(from_bytes(&[0, 7]), Ok((Vec::<TypeMap>::new(), 7_u8)));
    refuses::<(Vec<TypeMap>, u8)>(&[1, 1, 7]);
}

#[test]
fn variants_are_refused_by_place() {
    assert_eq!(from_bytes(&[0, 7]), Ok(InstantiateModule::Static(7)));
    refuses::<InstantiateModule>(&[1, 7]);
    assert_eq!(from_bytes(&[0, 7]), Ok(Export::LiftedFunction(7)));
    assert_eq!(from_bytes(&[1, 7]), Ok(Export::ModuleStatic(7)));
}

#[test]
fn a_checksum_is_zero() {
    assert_eq!(
        from_bytes(&[0, 0, 0, 0, 9]),
        Ok((WasmChecksum([0; 4]), 9_u8))
    );
    refuses::<WasmChecksum>(&[0, 0, 1, 0]);
    refuses::<WasmChecksum>(&[0, 0, 0]);
}
