//! Attribute values as core values, read directly. Must not know: which values there are.

use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::value::{
    Error as ShapeError, MapAccessDeserializer, MapDeserializer, SeqDeserializer,
};
use serde::de::{Error, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::{Item, ItemError, PK, SK};

/// An attribute: its name, for errors, and its value.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    name: &'a str,
    value: &'a AttributeValue,
}

/// The attributes of an item but for its keys.
pub(super) struct Attributes<'a>(pub &'a Item);

impl Error for ItemError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Shape(ShapeError::custom(message))
    }
}

impl<'de> Deserializer<'de> for Attributes<'de> {
    type Error = ItemError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        let others = self.0.iter().filter(|(name, _)| *name != PK && *name != SK);
        visit_members(others, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> Deserializer<'de> for Attribute<'de> {
    type Error = ItemError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        match self.value {
            AttributeValue::Null(_) => visitor.visit_unit(),
            AttributeValue::Bool(bool) => visitor.visit_bool(*bool),
            AttributeValue::N(digits) => self.visit_number(digits, visitor),
            AttributeValue::S(text) => visitor.visit_borrowed_str(text),
            AttributeValue::L(values) => {
                let name = self.name;
                let values = values.iter().map(|value| Self { name, value });
                let mut values = SeqDeserializer::new(values);
                let value = visitor.visit_seq(&mut values)?;
                values.end()?;
                Ok(value)
            }
            AttributeValue::M(members) => visit_members(members.iter(), visitor),
            _ => Err(ItemError::Type(self.name.to_owned())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        match self.value {
            AttributeValue::Null(_) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        match self.value {
            AttributeValue::S(variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            AttributeValue::M(members) => {
                visitor.visit_enum(MapAccessDeserializer::new(members_of(members.iter())))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl Attribute<'_> {
    fn visit_number<'de, V: Visitor<'de>>(
        self,
        digits: &str,
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        if let Ok(positive) = digits.parse() {
            visitor.visit_u64(positive)
        } else if let Ok(number) = digits.parse() {
            visitor.visit_i64(number)
        } else {
            Err(ItemError::Number(self.name.to_owned()))
        }
    }
}

impl<'de> IntoDeserializer<'de, ItemError> for Attribute<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

type Pair<'a> = (&'a String, &'a AttributeValue);

fn members_of<'a>(
    pairs: impl Iterator<Item = Pair<'a>>,
) -> MapDeserializer<'a, impl Iterator<Item = (&'a str, Attribute<'a>)>, ItemError> {
    MapDeserializer::new(pairs.map(|(name, value)| (name.as_str(), Attribute { name, value })))
}

fn visit_members<'de, V: Visitor<'de>>(
    pairs: impl Iterator<Item = Pair<'de>>,
    visitor: V,
) -> Result<V::Value, ItemError> {
    let mut members = members_of(pairs);
    let value = visitor.visit_map(&mut members)?;
    members.end()?;
    Ok(value)
}
