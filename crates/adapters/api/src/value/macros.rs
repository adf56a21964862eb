//! Implementations that several types have in common.

/// Ids that clients may send in a body or a query string.
macro_rules! ids {
    ($($type:ident $example:literal)+) => {$(
        impl $crate::value::Described for $type {
            fn schema() -> serde_json::Value {
                $crate::value::schema::id($example)
            }
        }

        impl $crate::value::Input for $type {
            type Json = String;

            fn parse(text: String) -> Result<Self, chatgrow_domain::Invalid> {
                text.parse().map_err(|_| chatgrow_domain::Invalid::Id)
            }
        }

        impl $crate::value::Output for $type {
            fn show<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}
pub(crate) use ids;

/// Whole numbers in a range.
macro_rules! integers {
    ($($type:ident { $min:expr, $max:expr, $example:expr, $read:ident, $write:ident })+) => {$(
        impl $crate::value::Described for $type {
            fn schema() -> serde_json::Value {
                $crate::value::schema::integer($min, $max, $example)
            }
        }

        impl $crate::value::Input for $type {
            type Json = i64;

            fn parse(number: i64) -> Result<Self, chatgrow_domain::Invalid> {
                Self::$read(number)
            }
        }

        impl $crate::value::Output for $type {
            fn show<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&self.$write(), serializer)
            }
        }
    )+};
}
pub(crate) use integers;
