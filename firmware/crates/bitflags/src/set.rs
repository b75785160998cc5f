//! The macro that declares a set.

/// Declares types that hold a set of flags each, as the published macro does: `struct Name: u8 { const FLAG = 1 << 0; }`.
#[macro_export]
macro_rules! bitflags {
    ($(
        $(#[$outer:meta])*
        $visible:vis struct $Set:ident: $Bits:ty {
            $($(#[$inner:meta])* const $Flag:ident = $value:expr;)*
        }
    )*) => {
        $(
            $(#[$outer])*
            $visible struct $Set($Bits);

            #[allow(dead_code, missing_docs)]
            impl $Set {
                $($(#[$inner])* pub const $Flag: Self = Self($value);)*

                /// No flag.
                pub const fn empty() -> Self {
                    Self(0)
                }

                /// Every flag.
                pub const fn all() -> Self {
                    Self($($value |)* 0)
                }

                /// A bit for each flag.
                pub const fn bits(&self) -> $Bits {
                    self.0
                }

                /// The flags of `bits`, if no other bit is set.
                pub const fn from_bits(bits: $Bits) -> ::core::option::Option<Self> {
                    if bits & !Self::all().0 == 0 {
                        ::core::option::Option::Some(Self(bits))
                    } else {
                        ::core::option::Option::None
                    }
                }

                /// The flags of `bits`, without bits that are none.
                pub const fn from_bits_truncate(bits: $Bits) -> Self {
                    Self(bits & Self::all().0)
                }

                /// All of `bits`, even those that are no flag.
                pub const fn from_bits_retain(bits: $Bits) -> Self {
                    Self(bits)
                }

                /// Whether no flag is set.
                pub const fn is_empty(&self) -> bool {
                    self.0 == 0
                }

                /// Whether every flag is set.
                pub const fn is_all(&self) -> bool {
                    self.0 & Self::all().0 == Self::all().0
                }

                /// Whether all of `other` are set.
                pub const fn contains(&self, other: Self) -> bool {
                    self.0 & other.0 == other.0
                }

                /// Whether one of `other` is set.
                pub const fn intersects(&self, other: Self) -> bool {
                    self.0 & other.0 != 0
                }

                /// Sets all of `other`.
                pub const fn insert(&mut self, other: Self) {
                    self.0 |= other.0;
                }

                /// Takes all of `other` away.
                pub const fn remove(&mut self, other: Self) {
                    self.0 &= !other.0;
                }

                /// Sets all of `other` or takes them away.
                pub const fn set(&mut self, other: Self, on: bool) {
                    if on {
                        self.0 |= other.0;
                    } else {
                        self.0 &= !other.0;
                    }
                }

                /// What is in one of both.
                #[must_use]
                pub const fn union(self, other: Self) -> Self {
                    Self(self.0 | other.0)
                }

                /// What is in both.
                #[must_use]
                pub const fn intersection(self, other: Self) -> Self {
                    Self(self.0 & other.0)
                }

                /// What is in this one alone.
                #[must_use]
                pub const fn difference(self, other: Self) -> Self {
                    Self(self.0 & !other.0)
                }

                /// Every flag that is not set.
                #[must_use]
                pub const fn complement(self) -> Self {
                    Self::from_bits_truncate(!self.0)
                }

                /// The flags that are set, with their names: each that has a bit which those before it have not.
                pub fn iter_names(&self) -> impl ::core::iter::Iterator<Item = (&'static str, Self)> {
                    let (set, mut left) = (self.0, self.0);
                    <Self as $crate::Flags>::FLAGS.iter().filter_map(move |flag| {
                        let bits = flag.value().0;
                        let is_set = set & bits == bits && left & bits != 0;
                        if is_set {
                            left &= !bits;
                        }
                        is_set.then(|| (flag.name().as_str(), Self(bits)))
                    })
                }
            }

            impl $crate::Flags for $Set {
                type Bits = $Bits;

                const FLAGS: &'static [$crate::Flag<Self>] = &[
                    $($crate::Flag::new(stringify!($Flag), Self::$Flag),)*
                ];

                fn bits(&self) -> $Bits {
                    self.0
                }
            }

            $crate::operators!($Set BitAnd bitand BitAndAssign bitand_assign &);
            $crate::operators!($Set BitOr bitor BitOrAssign bitor_assign |);
            $crate::operators!($Set BitXor bitxor BitXorAssign bitxor_assign ^);

            impl ::core::ops::Sub for $Set {
                type Output = Self;

                fn sub(self, other: Self) -> Self {
                    self.difference(other)
                }
            }

            impl ::core::ops::SubAssign for $Set {
                fn sub_assign(&mut self, other: Self) {
                    self.remove(other);
                }
            }

            impl ::core::ops::Not for $Set {
                type Output = Self;

                fn not(self) -> Self {
                    self.complement()
                }
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! operators {
    ($Set:ident $Trait:ident $method:ident $Assign:ident $assign:ident $operator:tt) => {
        impl ::core::ops::$Trait for $Set {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                Self(self.0 $operator other.0)
            }
        }

        impl ::core::ops::$Assign for $Set {
            fn $assign(&mut self, other: Self) {
                self.0 = self.0 $operator other.0;
            }
        }
    };
}
