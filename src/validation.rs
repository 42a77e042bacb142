//! From what somebody sent to checked values: the parts that every validator shares.
//!
//! A validator checks all fields and reports all faults at once, each with the name of its field and what to do about
//! it. A fault is either *malformed* (a field is missing, unknown or of the wrong type: HTTP status 400) or *out of
//! range* (422).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::wire_name::wire_name;

/// One fault of one field of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: String,
    /// What is wrong with it and what to do, to be read after its name.
    pub detail: String,
}

/// A value in the JSON of a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`, or an object, which no field accepts.
    Other(Option<BTreeMap<String, Value>>),
}

/// The fields of a request by their names, unchecked.
pub type Fields = BTreeMap<String, Value>;

/// Collects the texts of a form or a query as fields. A text that is absent or empty is no field.
pub fn fields_of_texts<'a>(texts: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Fields {
    let given = texts.into_iter().filter_map(|(name, text)| Some((name, text.filter(|text| !text.is_empty())?)));
    given.map(|(name, text)| (name.to_owned(), Value::Text(text))).collect()
}

/// Turns the texts of these fields into the numbers that they show, for a form or a query, which carry texts only.
pub fn read_numbers(fields: &mut Fields, names: &[&str]) {
    for name in names {
        let Some(value) = fields.get_mut(*name) else { continue };
        let Value::Text(text) = value else { continue };
        if let Ok(number) = text.parse() {
            *value = Value::Integer(number);
        } else if let Ok(number) = text.parse() {
            *value = Value::Number(number);
        }
    }
}

/// Why an input was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// At least one field is missing, unknown or of the wrong type: 400 rather than 422.
    pub malformed: bool,
    /// Every fault that was found.
    pub errors: Vec<FieldError>,
}

/// Checks the fields of one request and collects the faults. The methods that return an `Option` return `None` after
/// they have noted a fault.
#[derive(Debug)]
pub struct Checker<'a> {
    fields: &'a Fields,
    invalid: Invalid,
}

impl<'a> Checker<'a> {
    /// Starts the check of `fields`. Those that are not among the `known` names are the first faults.
    pub fn new(fields: &'a Fields, known: &[&str]) -> Self {
        let mut checker = Self { fields, invalid: Invalid::default() };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            // The name comes from outside, so only a harmless part of it is shown.
            let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            checker.malformed::<()>(&shown, format!("is not a field of this request; known are {}", known.join(", ")));
        }
        checker
    }

    /// Notes a missing, unknown or mistyped field.
    pub fn malformed<T>(&mut self, field: &str, detail: impl Into<String>) -> Option<T> {
        self.invalid.malformed = true;
        self.out_of_range(field, detail)
    }

    /// Notes a value out of range.
    pub fn out_of_range<T>(&mut self, field: &str, detail: impl Into<String>) -> Option<T> {
        self.invalid.errors.push(FieldError { field: field.to_owned(), detail: detail.into() });
        None
    }

    /// The value of a field that may be left out. A `null` counts as a value.
    pub fn optional(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field)
    }

    /// The value of a field that must be there. `what` completes "give …".
    pub fn required(&mut self, field: &str, what: &str) -> Option<&'a Value> {
        match self.fields.get(field) {
            None | Some(Value::Other(None)) => self.malformed(field, format!("is missing; give {what}")),
            value => value,
        }
    }

    /// A whole number from `low` to `high`.
    pub fn integer(&mut self, field: &str, value: &Value, low: i64, high: i64) -> Option<u32> {
        let range = format!("a whole number from {low} to {high}");
        match value {
            Value::Integer(number) if (low..=high).contains(number) => u32::try_from(*number).ok(),
            // JSON has one kind of number: 1e2 and 100.0 are whole, too.
            Value::Number(number) if number.fract() == 0.0 && (low as f64..=high as f64).contains(number) => {
                Some(*number as u32)
            }
            Value::Integer(_) | Value::Number(_) => self.out_of_range(field, format!("is out of range; give {range}")),
            _ => self.malformed(field, format!("is not a number; give {range}")),
        }
    }

    /// One of these names, as the value that it stands for.
    pub fn choice<T: Copy>(&mut self, field: &str, value: &Value, choices: &[(&str, T)]) -> Option<T> {
        let names = choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        match value {
            Value::Text(text) => match choices.iter().find(|(name, _)| name == text) {
                Some((_, choice)) => Some(*choice),
                None => self.out_of_range(field, format!("is unknown; give one of {names}")),
            },
            _ => self.malformed(field, format!("is not a text; give one of {names}")),
        }
    }

    /// One of these variants of an enum, by its name on the wire.
    pub fn variant<T: Copy + PartialEq + DeserializeOwned>(
        &mut self,
        field: &str,
        value: &Value,
        variants: &[T],
    ) -> Option<T> {
        let choices: Vec<_> = variants.iter().map(|variant| (wire_name(variant), *variant)).collect();
        self.choice(field, value, &choices)
    }

    /// A text without control characters, trimmed, of 1 to `longest` characters.
    pub fn text(&mut self, field: &str, value: &Value, longest: usize) -> Option<String> {
        let Value::Text(text) = value else {
            return self.malformed(field, "is not a text");
        };
        // The length is checked before trimming: nobody means a hundred blanks.
        let too_long = text.chars().count() > longest;
        let text = text.trim();
        if too_long {
            self.out_of_range(field, format!("is too long; give at most {longest} characters"))
        } else if text.is_empty() {
            self.out_of_range(field, format!("is empty; give 1 to {longest} characters"))
        } else if text.chars().any(char::is_control) {
            self.out_of_range(field, "holds control characters; leave them out")
        } else {
            Some(text.to_owned())
        }
    }

    /// How many faults have been found so far.
    pub fn faults(&self) -> usize {
        self.invalid.errors.len()
    }

    /// Ends the check. Returns `checked` if every field was good.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn finish<T>(self, checked: Option<T>) -> Result<T, Invalid> {
        match checked {
            Some(checked) if self.invalid.errors.is_empty() => Ok(checked),
            _ => Err(self.invalid),
        }
    }
}
