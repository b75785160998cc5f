//! What the compiler for boards says of an artifact, which Wasmtime reads with our `postcard`.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

/// A value with every shape that serde knows and both read; each of its elements takes a byte at least.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shapes<'a> {
    /// Numbers that are a byte each, or four, or eight.
    pub fixed: (bool, u8, i8, [u8; 4], Option<char>),
    /// Varints without a sign.
    pub unsigned: (u16, u32, u64, usize),
    /// Varints with a sign.
    pub signed: (i16, i32, i64, isize),
    /// The bits of floating-point numbers, which compare by themselves.
    pub floats: Floats,
    /// Texts, in the input and copied.
    #[serde(borrow)]
    pub texts: (&'a str, String, Vec<String>),
    /// Elements that are there or not.
    pub choices: Box<[Option<String>]>,
    /// Bytes in the input.
    pub bytes: &'a [u8],
    /// Elements without a name for each.
    pub lists: Vec<Vec<Kind>>,
    /// Pairs.
    pub map: BTreeMap<String, Option<Newtype>>,
    /// A type that holds itself.
    pub tree: Tree,
    /// Nothing.
    pub nothing: ((), Unit),
}

/// Two floating-point numbers.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Floats(pub f32, pub f64);

impl PartialEq for Floats {
    fn eq(&self, other: &Self) -> bool {
        (self.0.to_bits(), self.1.to_bits()) == (other.0.to_bits(), other.1.to_bits())
    }
}

/// One number in a type of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Newtype(pub u64);

/// A type without a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit;

/// Each kind of variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Kind {
    Unit,
    Newtype(Newtype),
    Tuple(u16, Option<u8>),
    Struct { one: i32, two: Vec<u8> },
}

/// Its first variant holds another one: whoever takes that for bytes that are missing never ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Tree {
    Node(Box<Tree>),
    Pair(Box<(Tree, Tree)>),
    Leaf(u8),
}

impl Default for Tree {
    fn default() -> Self {
        Self::Leaf(0)
    }
}

/// The deepest tree whose reading is compared; each level takes stack.
const DEEPEST: usize = 512;

/// What we read is what the crate `postcard` reads, or both refuse it.
pub fn postcard(data: &[u8]) {
    compare::<Shapes>(data);
    compare::<Vec<Kind>>(data);
    compare::<BTreeMap<u32, Vec<(u16, Kind)>>>(data);
    compare::<(u16, i16, u32, i64, u64)>(data);
    compare::<Tree>(&data[..data.len().min(DEEPEST)]);
}

fn compare<'a, T: Deserialize<'a> + Debug + PartialEq>(data: &'a [u8]) {
    let (ours, theirs) = (
        postcard::from_bytes::<T>(data).ok(),
        reference::from_bytes::<T>(data).ok(),
    );
    assert_eq!(ours, theirs);
}
