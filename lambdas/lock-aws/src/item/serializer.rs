//! Core values as attribute values, built directly. Must not know: which values there are.
//!
//! Source: Amazon DynamoDB API reference, `AttributeValue`. The form is that of the value's JSON.

use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeSeq};
use serde::ser::{SerializeStruct, SerializeTuple, Serializer};

use super::Item;

/// A value that no attribute value can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unsupported(String);

impl serde::ser::Error for Unsupported {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

fn unsupported<T>(what: &str) -> Result<T, Unsupported> {
    Err(Unsupported::custom(format!(
        "{what} in a value that becomes an attribute"
    )))
}

/// Makes one attribute value.
///
/// A map, a structure and an enum's variant with a value are an `M`. Room for `spare` more members
/// is left in it.
pub(super) struct AttributeSerializer {
    pub spare: usize,
}

/// An attribute value within another one.
const INNER: AttributeSerializer = AttributeSerializer { spare: 0 };

/// A list under construction.
pub(super) struct List(Vec<AttributeValue>);

/// A map under construction.
pub(super) struct Members {
    item: Item,
    name: Option<String>,
}

impl Members {
    fn with_capacity(members: usize) -> Self {
        let item = Item::with_capacity(members);
        Self { item, name: None }
    }
}

/// Methods that write a number as text.
macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, number: $type) -> Result<AttributeValue, Unsupported> {
            Ok(AttributeValue::N(number.to_string()))
        })*
    };
}

impl Serializer for AttributeSerializer {
    type Ok = AttributeValue;
    type Error = Unsupported;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = Impossible<AttributeValue, Unsupported>;
    type SerializeTupleVariant = Impossible<AttributeValue, Unsupported>;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Impossible<AttributeValue, Unsupported>;

    numbers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64
    );

    fn serialize_bool(self, bool: bool) -> Result<AttributeValue, Unsupported> {
        Ok(AttributeValue::Bool(bool))
    }

    fn serialize_f32(self, _: f32) -> Result<AttributeValue, Unsupported> {
        unsupported("a fraction")
    }

    fn serialize_f64(self, _: f64) -> Result<AttributeValue, Unsupported> {
        unsupported("a fraction")
    }

    fn serialize_char(self, char: char) -> Result<AttributeValue, Unsupported> {
        Ok(AttributeValue::S(char.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<AttributeValue, Unsupported> {
        Ok(AttributeValue::S(text.to_owned()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<AttributeValue, Unsupported> {
        unsupported("bytes")
    }

    fn serialize_none(self) -> Result<AttributeValue, Unsupported> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Unsupported> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<AttributeValue, Unsupported> {
        Ok(AttributeValue::Null(true))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<AttributeValue, Unsupported> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<AttributeValue, Unsupported> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<AttributeValue, Unsupported> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<AttributeValue, Unsupported> {
        let mut members = self.serialize_map(Some(1))?;
        members.serialize_entry(variant, value)?;
        SerializeMap::end(members)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<List, Unsupported> {
        Ok(List(Vec::with_capacity(len.unwrap_or_default())))
    }

    fn serialize_tuple(self, len: usize) -> Result<List, Unsupported> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unsupported> {
        unsupported("a structure without names")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsupported> {
        unsupported("a variant without names")
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Members, Unsupported> {
        Ok(Members::with_capacity(self.spare + len.unwrap_or_default()))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Members, Unsupported> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unsupported> {
        unsupported("a variant with names and no tag")
    }
}

impl SerializeSeq for List {
    type Ok = AttributeValue;
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        self.0.push(value.serialize(INNER)?);
        Ok(())
    }

    fn end(self) -> Result<AttributeValue, Unsupported> {
        Ok(AttributeValue::L(self.0))
    }
}

impl SerializeTuple for List {
    type Ok = AttributeValue;
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<AttributeValue, Unsupported> {
        SerializeSeq::end(self)
    }
}

impl SerializeMap for Members {
    type Ok = AttributeValue;
    type Error = Unsupported;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsupported> {
        // A key is a text, or a number that becomes one, as in JSON.
        self.name = match key.serialize(INNER)? {
            AttributeValue::S(name) | AttributeValue::N(name) => Some(name),
            _ => return unsupported("a key without a name"),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        let name = self.name.take().expect("serde passes the key first");
        self.item.insert(name, value.serialize(INNER)?);
        Ok(())
    }

    fn end(self) -> Result<AttributeValue, Unsupported> {
        Ok(AttributeValue::M(self.item))
    }
}

impl SerializeStruct for Members {
    type Ok = AttributeValue;
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        self.item.insert(name.to_owned(), value.serialize(INNER)?);
        Ok(())
    }

    fn end(self) -> Result<AttributeValue, Unsupported> {
        SerializeMap::end(self)
    }
}
