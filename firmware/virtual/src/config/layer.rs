//! One layer of the configuration, applied while it is read, as Mongoose OS does: of a file that breaks off, the part before
//! the error holds. It must not know any setting.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Gives each setting of `text` to `set`, with its dotted key.
///
/// # Errors
/// The text is not JSON; what stood before the error has been given.
pub fn apply(text: &str, set: &mut dyn FnMut(&str, &str)) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(text);
    let layer = Layer {
        key: String::new(),
        set,
    };
    layer.deserialize(&mut json)?;
    json.end()
}

/// The value at a key.
struct Layer<'a> {
    key: String,
    set: &'a mut dyn FnMut(&str, &str),
}

impl<'de> DeserializeSeed<'de> for Layer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Layer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a setting or an object of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            let key = match self.key.as_str() {
                "" => name,
                outer => format!("{outer}.{name}"),
            };
            members.next_value_seed(Layer {
                key,
                set: &mut *self.set,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        (self.set)(&self.key, "[]");
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        (self.set)(&self.key, value);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        (self.set)(&self.key, &value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        (self.set)(&self.key, &value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        (self.set)(&self.key, &value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        (self.set)(&self.key, &value.to_string());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        (self.set)(&self.key, "null");
        Ok(())
    }
}
