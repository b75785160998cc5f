//! The shapes of serde over a [`Reader`].

use core::result::Result as CoreResult;

use serde_core::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use crate::reader::Reader;
use crate::refused::{first_alone, is_refused, is_zero};
use crate::zeros::Zeros;
use crate::{Error, MOST_FIELDS, Result};

macro_rules! read {
    ($($deserialize:ident $visit:ident $read:expr;)*) => {
        $(
            #[inline(always)]
            fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                let read: fn(&mut Reader<'de>) -> _ = $read;
                visitor.$visit(read(self))
            }
        )*
    };
}

macro_rules! refuse {
    ($($deserialize:ident)*) => {
        $(
            #[inline(always)]
            fn $deserialize<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
                Err(Error)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    read! {
        deserialize_bool visit_bool Reader::flag;
        deserialize_i8 visit_i8 |reader| reader.byte() as i8;
        deserialize_i16 visit_i16 |reader| { let n = reader.word::<16>(); (n >> 1) as i16 ^ -((n & 1) as i16) };
        deserialize_i32 visit_i32 |reader| { let n = reader.word::<32>(); (n >> 1) as i32 ^ -((n & 1) as i32) };
        deserialize_i64 visit_i64 |reader| { let n = reader.long(); (n >> 1) as i64 ^ -((n & 1) as i64) };
        deserialize_u8 visit_u8 Reader::byte;
        deserialize_u16 visit_u16 |reader| reader.word::<16>() as u16;
        deserialize_u32 visit_u32 Reader::word::<32>;
        deserialize_u64 visit_u64 Reader::long;
        deserialize_f32 visit_f32 |reader| f32::from_le_bytes(reader.array());
        deserialize_f64 visit_f64 |reader| f64::from_le_bytes(reader.array());
        deserialize_char visit_char Reader::character;
        deserialize_str visit_borrowed_str Reader::text;
        deserialize_string visit_borrowed_str Reader::text;
        deserialize_bytes visit_borrowed_bytes Reader::bytes;
        deserialize_byte_buf visit_borrowed_bytes Reader::bytes;
    }

    // The bytes do not say what they are.
    refuse! { deserialize_any deserialize_identifier deserialize_ignored_any }

    // Constants of SIMD alone are of this length.
    refuse! { deserialize_i128 deserialize_u128 }

    #[inline(always)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.flag() {
            visitor.visit_some(self)
        } else {
            visitor.visit_none()
        }
    }

    #[inline(always)]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        if is_refused(name) {
            return Err(Error);
        }
        if is_zero(name) {
            return visitor.visit_newtype_struct(Zeros(self));
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline(always)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.count();
        visitor.visit_seq(Elements { reader: self, left })
    }

    #[inline(always)]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.count();
        visitor.visit_map(Elements { reader: self, left })
    }

    #[inline(always)]
    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Elements { reader: self, left })
    }

    #[inline(always)]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(fields, visitor)
    }

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if is_refused(name) || fields.len() > MOST_FIELDS {
            return Err(Error);
        }
        visitor.visit_seq(Fields(self))
    }

    #[inline(always)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if is_refused(name) {
            Err(Error)
        } else if first_alone(name) {
            visitor.visit_enum(Variants::<true>(self))
        } else {
            visitor.visit_enum(Variants::<false>(self))
        }
    }

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// As many elements as their number says, or pairs of a map. After one that cannot be read there are no more, and no error: who
/// collects them need not give back what it has.
struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl Elements<'_, '_> {
    fn none<T>(&mut self) -> Option<T> {
        self.reader.fail();
        None
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline(always)]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        match seed.deserialize(&mut *self.reader) {
            Ok(element) => Ok(Some(element)),
            Err(Error) => Ok(self.none()),
        }
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline(always)]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.next_element_seed(seed)
    }

    #[inline(always)]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(&mut *self.reader)
    }

    #[inline(always)]
    fn next_entry_seed<K: DeserializeSeed<'de>, V: DeserializeSeed<'de>>(
        &mut self,
        key: K,
        value: V,
    ) -> Result<Option<(K::Value, V::Value)>> {
        let Some(key) = self.next_element_seed(key)? else {
            return Ok(None);
        };
        match value.deserialize(&mut *self.reader) {
            Ok(value) => Ok(Some((key, value))),
            Err(Error) => Ok(self.none()),
        }
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The fields of a struct, of which the visitor knows how many there are.
struct Fields<'a, 'de>(&'a mut Reader<'de>);

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    #[inline(always)]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        seed.deserialize(&mut *self.0).map(Some)
    }
}

/// One of an enumeration's variants, or its `FIRST_ALONE`.
struct Variants<'a, 'de, const FIRST_ALONE: bool>(&'a mut Reader<'de>);

impl<'a, 'de, const FIRST_ALONE: bool> EnumAccess<'de> for Variants<'a, 'de, FIRST_ALONE> {
    type Error = Error;
    type Variant = &'a mut Reader<'de>;

    /// Fails at once after an error: going on with the first variant, of a type that holds itself, might not end.
    #[inline(always)]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant)> {
        let index = self.0.word::<32>();
        self.0.end()?;
        if FIRST_ALONE && index != 0 {
            return Err(Error);
        }
        let value = seed.deserialize(IntoDeserializer::<Error>::into_deserializer(index))?;
        Ok((value, self.0))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = Error;

    #[inline(always)]
    fn unit_variant(self) -> CoreResult<(), Error> {
        Ok(())
    }

    #[inline(always)]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self)
    }

    #[inline(always)]
    fn tuple_variant<V: Visitor<'de>>(self, fields: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(fields, visitor)
    }

    #[inline(always)]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_struct("", fields, visitor)
    }
}
