//! The type of a function as a text, by which two components' functions are compared.

use alloc::string::String;

use wasmtime::component::types::{ComponentFunc, Type};

/// What a function takes and gives, as a text; equal texts are equal types. None for what does not cross.
pub fn describe(function: &ComponentFunc) -> Option<String> {
    let mut text = String::new();
    let known = function.params().all(|(_, kind)| add(&mut text, &kind));
    text.push('>');
    let known = known && function.results().all(|kind| add(&mut text, &kind));
    (known && !function.async_()).then_some(text)
}

/// Adds a type to a text: a letter, and what it holds, each thing with its end. False for what is no plain value.
fn add(text: &mut String, kind: &Type) -> bool {
    let letter = match kind {
        Type::Bool => 'b',
        Type::S8 => 'c',
        Type::U8 => 'C',
        Type::S16 => 'h',
        Type::U16 => 'H',
        Type::S32 => 'i',
        Type::U32 => 'I',
        Type::S64 => 'q',
        Type::U64 => 'Q',
        Type::Float32 => 'f',
        Type::Float64 => 'd',
        Type::Char => 'w',
        Type::String => 's',
        Type::List(_) => 'l',
        Type::Record(_) => 'r',
        Type::Tuple(_) => 't',
        Type::Variant(_) => 'v',
        Type::Enum(_) => 'e',
        Type::Option(_) => 'o',
        Type::Result(_) => 'x',
        Type::Flags(_) => 'g',
        _ => return false,
    };
    text.push(letter);
    let known = match kind {
        Type::List(list) => add(text, &list.ty()),
        Type::Option(option) => add(text, &option.ty()),
        Type::Record(record) => record
            .fields()
            .all(|field| named(text, field.name, Some(field.ty))),
        Type::Tuple(tuple) => tuple.types().all(|kind| add(text, &kind)),
        Type::Variant(variant) => variant.cases().all(|case| named(text, case.name, case.ty)),
        Type::Enum(cases) => cases.names().all(|name| named(text, name, None)),
        Type::Flags(flags) => flags.names().all(|name| named(text, name, None)),
        Type::Result(result) => named(text, "", result.ok()) && named(text, "", result.err()),
        _ => return true,
    };
    text.push(')');
    known
}

/// Adds a field or a case.
fn named(text: &mut String, name: &str, kind: Option<Type>) -> bool {
    text.push_str(name);
    text.push(':');
    let known = kind.is_none_or(|kind| add(text, &kind));
    text.push(',');
    known
}
