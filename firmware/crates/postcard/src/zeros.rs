//! Bytes that are all zero, as they are in a checksum that the compiler does not make.

use serde_core::de::{DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde_core::forward_to_deserialize_any;

use crate::reader::Reader;
use crate::{Error, Result};

/// Reads an array of bytes that must be zero: one loop for all, instead of code for each.
pub(crate) struct Zeros<'a, 'de>(pub(crate) &'a mut Reader<'de>);

impl<'de> Deserializer<'de> for Zeros<'_, 'de> {
    type Error = Error;

    #[inline(always)]
    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        self.0.zeros(length);
        visitor.visit_seq(Zero)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(Error)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple_struct map struct enum identifier ignored_any
    }
}

/// As many zeros as are asked for.
struct Zero;

impl<'de> SeqAccess<'de> for Zero {
    type Error = Error;

    #[inline(always)]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        seed.deserialize(0_u8.into_deserializer()).map(Some)
    }
}
