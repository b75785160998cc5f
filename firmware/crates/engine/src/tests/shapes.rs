//! Types and values of them at random, and how components have them in memory and as core values, by the canonical ABI.

use std::boxed::Box;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

/// Numbers that look random and are the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A type.
pub enum Kind {
    /// What is one number: its name, its bytes in memory, its core type.
    Number(&'static str, usize, &'static str),
    Text,
    List(Box<Self>),
    Record(Vec<Self>),
    Tuple(Vec<Self>),
    Variant(Vec<Option<Self>>),
    Option(Box<Self>),
    Result(Box<[Option<Self>; 2]>),
    Enum(usize),
    Flags(usize),
}

/// A value.
pub enum Shape {
    Number(u64),
    Text(String),
    Many(Vec<Self>),
    Case(usize, Option<Box<Self>>),
}

const NUMBERS: [Kind; 12] = [
    Kind::Number("bool", 1, "i32"),
    Kind::Number("s8", 1, "i32"),
    Kind::Number("u8", 1, "i32"),
    Kind::Number("s16", 2, "i32"),
    Kind::Number("u16", 2, "i32"),
    Kind::Number("s32", 4, "i32"),
    Kind::Number("u32", 4, "i32"),
    Kind::Number("s64", 8, "i64"),
    Kind::Number("u64", 8, "i64"),
    Kind::Number("f32", 4, "f32"),
    Kind::Number("f64", 8, "f64"),
    Kind::Number("char", 4, "i32"),
];

impl Kind {
    /// A type of at most so many levels; a `flat` one needs no memory.
    pub fn random(dice: &mut Dice, levels: u32, flat: bool) -> Self {
        let [first, sides] = match (levels, flat) {
            (0, _) => [0, 3],
            (_, true) => [0, 8],
            _ => [0, 10],
        };
        let inner = |dice: &mut Dice| Self::random(dice, levels.saturating_sub(1), flat);
        match first + dice.roll(sides) {
            0 => {
                let number = dice.roll(NUMBERS.len() as u64) as usize;
                let Self::Number(name, size, core) = NUMBERS[number] else {
                    unreachable!()
                };
                Self::Number(name, size, core)
            }
            1 => Self::Enum(1 + dice.roll(9) as usize),
            2 => Self::Flags(1 + dice.roll(32) as usize),
            3 => Self::Record((0..=dice.roll(3)).map(|_| inner(dice)).collect()),
            4 => Self::Tuple((0..=dice.roll(3)).map(|_| inner(dice)).collect()),
            5 => Self::Option(Box::new(inner(dice))),
            6 => Self::Result(Box::new(
                [0, 1].map(|_| (dice.roll(3) > 0).then(|| inner(dice))),
            )),
            7 => Self::Variant(
                (0..=dice.roll(4))
                    .map(|_| (dice.roll(3) > 0).then(|| inner(dice)))
                    .collect(),
            ),
            8 => Self::Text,
            _ => Self::List(Box::new(inner(dice))),
        }
    }

    /// A value of the type.
    pub fn value(&self, dice: &mut Dice) -> Shape {
        let number = dice.roll(1 << 31) << 33 ^ dice.roll(1 << 31);
        match self {
            Self::Number("bool", ..) => Shape::Number(number % 2),
            Self::Number("char", ..) => Shape::Number(number % 0xd800),
            Self::Number("f32", ..) => Shape::Number((number as i16 as f32).to_bits().into()),
            Self::Number("f64", ..) => Shape::Number((number as i32 as f64).to_bits()),
            Self::Number(_, size, _) => Shape::Number(number & u64::MAX >> (64 - 8 * size)),
            Self::Enum(count) => Shape::Number(number % *count as u64),
            Self::Flags(count) => Shape::Number(number & u64::MAX >> (64 - count)),
            Self::Text => Shape::Text("grün-".repeat(number as usize % 3)),
            Self::List(kind) => Shape::Many((0..number % 4).map(|_| kind.value(dice)).collect()),
            Self::Record(kinds) | Self::Tuple(kinds) => {
                Shape::Many(kinds.iter().map(|kind| kind.value(dice)).collect())
            }
            _ => {
                let cases = self.cases().expect("the others have cases");
                let case = number as usize % cases.len();
                let payload = cases[case].map(|kind| Box::new(kind.value(dice)));
                Shape::Case(case, payload)
            }
        }
    }

    fn cases(&self) -> Option<Vec<Option<&Self>>> {
        match self {
            Self::Option(kind) => Some([None, Some(&**kind)].into()),
            Self::Result(kinds) => Some(kinds.iter().map(Option::as_ref).collect()),
            Self::Variant(kinds) => Some(kinds.iter().map(Option::as_ref).collect()),
            _ => None,
        }
    }

    /// The type as text. What needs a name gets one in `names`, each with its definition.
    pub fn text(&self, names: &mut Vec<String>) -> String {
        let words =
            |count: usize| -> String { (0..count).map(|at| format!(" \"n{at}\"")).collect() };
        let definition = match self {
            Self::Number(name, ..) => return (*name).to_string(),
            Self::Text => return "string".to_string(),
            Self::List(kind) => return format!("(list {})", kind.text(names)),
            Self::Option(kind) => return format!("(option {})", kind.text(names)),
            Self::Tuple(kinds) => {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.text(names)).collect();
                return format!("(tuple {})", kinds.join(" "));
            }
            Self::Result(kinds) => {
                let ok = kinds[0].as_ref().map(|kind| kind.text(names));
                let error = kinds[1].as_ref().map(|kind| kind.text(names));
                let error = error.map(|kind| format!("(error {kind})"));
                return format!(
                    "(result {} {})",
                    ok.unwrap_or_default(),
                    error.unwrap_or_default()
                );
            }
            Self::Record(kinds) => {
                let fields = kinds.iter().enumerate();
                let fields =
                    fields.map(|(at, kind)| format!("(field \"n{at}\" {})", kind.text(names)));
                format!("(record {})", fields.collect::<String>())
            }
            Self::Variant(kinds) => {
                let cases = kinds.iter().enumerate().map(|(at, kind)| {
                    let kind = kind.as_ref().map(|kind| kind.text(names));
                    format!("(case \"n{at}\" {})", kind.unwrap_or_default())
                });
                format!("(variant {})", cases.collect::<String>())
            }
            Self::Enum(count) => format!("(enum {})", words(*count)),
            Self::Flags(count) => format!("(flags {})", words(*count)),
        };
        names.push(definition);
        format!("$k{}", names.len() - 1)
    }

    /// Size and alignment in memory.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Number(_, size, _) => (*size, *size),
            Self::Text | Self::List(_) => (8, 4),
            Self::Enum(_) => (1, 1),
            Self::Flags(count) => match count {
                0..=8 => (1, 1),
                9..=16 => (2, 2),
                _ => (4, 4),
            },
            Self::Record(kinds) | Self::Tuple(kinds) => {
                let align = kinds.iter().map(|kind| kind.size().1).max().unwrap_or(1);
                let end = kinds.iter().fold(0, |end, kind| {
                    let (size, align) = kind.size();
                    end_of(end, align) + size
                });
                (end_of(end, align), align)
            }
            _ => {
                let cases = self.cases().unwrap_or_default();
                let sizes = cases.iter().flatten().map(|kind| kind.size());
                let (size, align) = sizes.fold((0, 1), |most, (size, align)| {
                    (most.0.max(size), most.1.max(align))
                });
                (end_of(end_of(1, align) + size, align), align)
            }
        }
    }

    /// The core types of its core values.
    pub fn core(&self) -> Vec<&'static str> {
        match self {
            Self::Number(_, _, core) => [*core].into(),
            Self::Enum(_) | Self::Flags(_) => ["i32"].into(),
            Self::Text | Self::List(_) => ["i32", "i32"].into(),
            Self::Record(kinds) | Self::Tuple(kinds) => kinds.iter().flat_map(Self::core).collect(),
            _ => {
                let mut all = Vec::from(["i32"]);
                for kind in self.cases().unwrap_or_default().into_iter().flatten() {
                    for (at, core) in kind.core().into_iter().enumerate() {
                        match all.get_mut(at + 1) {
                            None => all.push(core),
                            Some(known) if *known == core => {}
                            Some(known)
                                if ["i32", "f32"].contains(known)
                                    && ["i32", "f32"].contains(&core) =>
                            {
                                *known = "i32";
                            }
                            Some(known) => *known = "i64",
                        }
                    }
                }
                all
            }
        }
    }

    /// The core values of a flat value, in bits.
    pub fn bits(&self, value: &Shape) -> Vec<u64> {
        match (self, value) {
            (Self::Number("s8", ..), Shape::Number(number)) => {
                [(*number as i8 as u32).into()].into()
            }
            (Self::Number("s16", ..), Shape::Number(number)) => {
                [(*number as i16 as u32).into()].into()
            }
            (_, Shape::Number(number)) => [*number].into(),
            (Self::Record(kinds) | Self::Tuple(kinds), Shape::Many(values)) => {
                let each = kinds.iter().zip(values);
                each.flat_map(|(kind, value)| kind.bits(value)).collect()
            }
            (_, Shape::Case(case, payload)) => {
                let mut all = Vec::from([*case as u64]);
                let kind = self.cases().unwrap_or_default()[*case];
                if let (Some(kind), Some(payload)) = (kind, payload) {
                    all.extend(kind.bits(payload));
                }
                all.resize(self.core().len(), 0);
                all
            }
            _ => panic!("no flat value"),
        }
    }

    /// Writes a value to `at` in `memory`, and what it points to behind all that is there.
    pub fn write(&self, value: &Shape, memory: &mut Vec<u8>, at: usize) {
        let (size, _) = self.size();
        match (self, value) {
            (_, Shape::Number(number)) => {
                memory[at..at + size].copy_from_slice(&number.to_le_bytes()[..size]);
            }
            (_, Shape::Text(text)) => {
                let start = memory.len();
                memory.extend(text.as_bytes());
                pair(memory, at, start, text.len());
            }
            (Self::List(kind), Shape::Many(values)) => {
                let (size, align) = kind.size();
                let start = end_of(memory.len(), align);
                memory.resize(start + size * values.len(), 0);
                for (place, value) in values.iter().enumerate() {
                    kind.write(value, memory, start + place * size);
                }
                pair(memory, at, start, values.len());
            }
            (_, Shape::Many(values)) => {
                for ((kind, place), value) in self.fields().zip(values) {
                    kind.write(value, memory, at + place);
                }
            }
            (_, Shape::Case(case, payload)) => {
                memory[at] = *case as u8;
                let cases = self.cases().unwrap_or_default();
                if let (Some(kind), Some(payload)) = (cases[*case], payload) {
                    kind.write(payload, memory, at + self.payload());
                }
            }
        }
    }

    /// Code that traps unless this value lies at the address that the code `at` gives.
    pub fn expect(&self, value: &Shape, at: &str) -> String {
        let plus = |place: usize| format!("(i32.add {at} (i32.const {place}))");
        match (self, value) {
            (_, Shape::Number(number)) => same(self.size().0, at, *number),
            (_, Shape::Text(text)) => {
                let bytes = text.bytes().enumerate().map(|(place, byte)| {
                    let at = format!("(i32.add (i32.load {at}) (i32.const {place}))");
                    same(1, &at, byte.into())
                });
                same(4, &plus(4), text.len() as u64) + &bytes.collect::<String>()
            }
            (Self::List(kind), Shape::Many(values)) => {
                let each = values.iter().enumerate().map(|(place, value)| {
                    let place = place * kind.size().0;
                    kind.expect(
                        value,
                        &format!("(i32.add (i32.load {at}) (i32.const {place}))"),
                    )
                });
                same(4, &plus(4), values.len() as u64) + &each.collect::<String>()
            }
            (_, Shape::Many(values)) => {
                let each = self.fields().zip(values);
                each.map(|((kind, place), value)| kind.expect(value, &plus(place)))
                    .collect()
            }
            (_, Shape::Case(case, payload)) => {
                let cases = self.cases().unwrap_or_default();
                let payload = match (cases[*case], payload) {
                    (Some(kind), Some(payload)) => kind.expect(payload, &plus(self.payload())),
                    _ => String::new(),
                };
                same(1, at, *case as u64) + &payload
            }
        }
    }

    fn fields(&self) -> impl Iterator<Item = (&Self, usize)> {
        let kinds = match self {
            Self::Record(kinds) | Self::Tuple(kinds) => &kinds[..],
            _ => &[],
        };
        kinds.iter().scan(0, |end, kind| {
            let (size, align) = kind.size();
            let place = end_of(*end, align);
            *end = place + size;
            Some((kind, place))
        })
    }

    fn payload(&self) -> usize {
        self.size().1
    }
}

const fn end_of(end: usize, align: usize) -> usize {
    end.next_multiple_of(align)
}

fn pair(memory: &mut [u8], at: usize, start: usize, length: usize) {
    memory[at..at + 4].copy_from_slice(&(start as u32).to_le_bytes());
    memory[at + 4..at + 8].copy_from_slice(&(length as u32).to_le_bytes());
}

/// Code that traps unless the number of `size` bytes at an address is this one.
pub fn same(size: usize, at: &str, number: u64) -> String {
    let load = ["", "8_u", "16_u", "", "32_u", "", "", "", ""][size];
    format!(
        "(if (i64.ne (i64.load{load} {at}) (i64.const {})) (then unreachable))\n",
        number as i64
    )
}
