//! Which slots are taken at the start, and which are free.
//!
//! Time is divided into periods of two hours, starting in the year 2000. [`fill`](crate::fill) books the first hour of
//! each, which makes twelve appointments a day. The second hour has twelve free slots of five minutes. Consecutive free
//! slots lie in distant periods, so that bookings fall between existing ones all over the index, like real ones.
//! `requests.lua` and `booking.pgbench` follow the same rule; each has its own part of the slots.

/// 2000-01-01 00:00, in minutes since 1970.
pub const FIRST_MINUTE: i64 = 15_778_080;

/// The length of a period, in minutes.
pub const PERIOD: i64 = 120;

/// Coprime to every power of ten, so that its multiples reach every period once before they repeat one.
const JUMP: u64 = 618_033;

/// The start of the `k`-th free slot, in minutes since 1970. `k` is less than twelve times `periods`, which is a power
/// of ten.
pub fn free(k: u64, periods: u64) -> i64 {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (period, slot) = (k * JUMP % periods, k / periods);
    FIRST_MINUTE + signed(period) * PERIOD + 60 + signed(slot) * 5
}
