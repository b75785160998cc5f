//! The examples of postcard's specification, version 1, and what is refused.

use std::collections::BTreeMap;

use postcard::{Error, MOST_FIELDS, from_bytes};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

fn reads<T: DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8], value: T) {
    assert_eq!(from_bytes(bytes), Ok(value), "{bytes:02x?}");
}

fn refuses<T: DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    assert_eq!(from_bytes::<T>(bytes), Err(Error), "{bytes:02x?}");
}

#[test]
fn unsigned_numbers() {
    reads(&[0x00], 0_u16);
    reads(&[0x7f], 127_u16);
    reads(&[0x80, 0x01], 128_u16);
    reads(&[0xff, 0x7f], 16_383_u16);
    reads(&[0x80, 0x80, 0x01], 16_384_u16);
    reads(&[0x81, 0x80, 0x01], 16_385_u16);
    reads(&[0xff, 0xff, 0x03], 65_535_u16);
}

#[test]
fn signed_numbers() {
    reads(&[0x00], 0_i16);
    reads(&[0x01], -1_i16);
    reads(&[0x02], 1_i16);
    reads(&[0x7e], 63_i16);
    reads(&[0x7f], -64_i16);
    reads(&[0x80, 0x01], 64_i16);
    reads(&[0x81, 0x01], -65_i16);
    reads(&[0xfe, 0xff, 0x03], i16::MAX);
    reads(&[0xff, 0xff, 0x03], i16::MIN);
}

#[test]
fn longer_forms_up_to_the_longest() {
    reads(&[0x80, 0x00], 0_u16);
    reads(&[0x80, 0x80, 0x00], 0_u16);
    refuses::<u16>(&[0x80, 0x80, 0x80, 0x00]);
    refuses::<u16>(&[0xff, 0xff, 0x07]);
    refuses::<u16>(&[0xff, 0xff, 0x83, 0x00]);
}

#[test]
fn the_largest_number_of_each_type() {
    reads(&[0xff, 0xff, 0xff, 0xff, 0x0f], u32::MAX);
    refuses::<u32>(&[0xff, 0xff, 0xff, 0xff, 0x1f]);
    let long = [[0xff; 9].as_slice(), &[0x01]].concat();
    reads(&long, u64::MAX);
    reads(&long, i64::MIN);
    refuses::<u64>(&[[0xff; 9].as_slice(), &[0x02]].concat());
    refuses::<u64>(&[[0x80; 10].as_slice(), &[0x00]].concat());
    refuses::<u128>(&[0]);
    refuses::<i128>(&[0]);
}

#[test]
fn floating_point_numbers() {
    reads(&[0x00, 0x06, 0x00, 0xc2], -32.005_86_f32);
    reads(
        &[0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x40, 0xc0],
        -32.005_859_375_f64,
    );
    refuses::<f64>(&[0; 7]);
}

#[test]
fn truth_and_options() {
    reads(&[0], false);
    reads(&[1], true);
    refuses::<bool>(&[2]);
    reads(&[0], None::<u8>);
    reads(&[1, 7], Some(7_u8));
    refuses::<Option<u8>>(&[2, 7]);
}

#[test]
fn texts() {
    reads(&[3, b'a', 0xc3, 0xa9], "aé".to_owned());
    reads(&[4, 0xf0, 0x9f, 0x8c, 0xb1], '🌱');
    refuses::<String>(&[2, 0xc3, 0x28]);
    refuses::<char>(&[0]);
    refuses::<char>(&[5, b'a', b'b', b'c', b'd', b'e']);
}

#[test]
fn a_length_beyond_the_bytes_takes_no_memory() {
    refuses::<Vec<[u64; 32]>>(&[0xff, 0xff, 0xff, 0xff, 0x07, 0]);
    refuses::<BTreeMap<u8, u8>>(&[0xff, 0xff, 0xff, 0xff, 0x07, 0]);
    refuses::<String>(&[0xff, 0xff, 0xff, 0xff, 0x07, 0]);
    refuses::<Vec<()>>(&[0xff, 0xff, 0xff, 0xff, 0x07]);
}

#[derive(Debug, PartialEq, Deserialize)]
enum Endless {
    Again(Box<Endless>),
    End,
}

#[test]
fn missing_bytes_are_no_first_variant() {
    reads(
        &[0, 0, 1],
        Endless::Again(Box::new(Endless::Again(Box::new(Endless::End)))),
    );
    refuses::<Endless>(&[0, 0]);
    refuses::<Endless>(&[2]);
}

/// A struct that says it has as many fields as there are names, of which it reads one.
#[derive(Debug, PartialEq)]
struct Wide<const FIELDS: usize>(u8);

impl<'de, const FIELDS: usize> Deserialize<'de> for Wide<FIELDS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const FIELDS: usize>;

        impl<'de, const FIELDS: usize> serde::de::Visitor<'de> for Visitor<FIELDS> {
            type Value = Wide<FIELDS>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("fields")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut fields: A,
            ) -> Result<Self::Value, A::Error> {
                fields
                    .next_element()?
                    .map(Wide)
                    .ok_or(serde::de::Error::missing_field("one"))
            }
        }

        deserializer.deserialize_struct("Wide", &["field"; FIELDS], Visitor)
    }
}

#[test]
fn structs_of_very_many_fields_are_refused() {
    reads(&[7], Wide::<MOST_FIELDS>(7));
    refuses::<Wide<{ MOST_FIELDS + 1 }>>(&[7]);
}

#[test]
fn what_does_not_say_what_it_is_cannot_be_passed_over() {
    assert!(from_bytes::<IgnoredAny>(&[0]).is_err());
}

#[test]
fn bytes_after_the_value_are_left_alone() {
    reads(&[7, 1, 2], 7_u8);
}
