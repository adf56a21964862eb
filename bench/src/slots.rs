//! Which slots are taken at the start, and which are free.
//!
//! Time is cut into periods of two hours, from the year 2000 on. [`fill`](crate::fill) books the first hour of each, twelve
//! appointments a day. In the second hour are twelve free slots of five minutes. The k-th free slot lies in a period that jumps about,
//! so that bookings fall between others, all over the index, as they do in life. `requests.lua` and `booking.pgbench` follow the
//! same rule; each has a part of the slots to itself.

/// 2000-01-01 00:00, in minutes since 1970.
pub const FIRST_MINUTE: i64 = 15_778_080;

/// The length of a period, in minutes.
pub const PERIOD: i64 = 120;

/// Shares no factor with a power of ten, so that its multiples meet every period once before they meet one again.
const JUMP: u64 = 618_033;

/// Where the `k`-th free slot starts, in minutes since 1970; `k` is less than twelve times `periods`, a power of ten.
pub fn free(k: u64, periods: u64) -> i64 {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (period, slot) = (k * JUMP % periods, k / periods);
    FIRST_MINUTE + signed(period) * PERIOD + 60 + signed(slot) * 5
}
