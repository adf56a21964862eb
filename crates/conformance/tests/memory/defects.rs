//! What can be wrong with a store: one switch for each defect.

/// A method that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    InsertAccount,
    InsertKey,
    InsertFirstKey,
    Revoke,
    RecordUse,
    InsertCustomer,
    UpdateCustomer,
    Book,
    UpdateAppointment,
    InsertEvent,
    UpdateEvent,
    Register,
    Unregister,
    WriteRecord,
    Sweep,
}

/// A list that comes in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Customers,
    Appointments,
    Events,
    Registrations,
    RegistrationsOfCustomer,
}

/// What is wrong with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    // Any write.
    /// The lock is released between the check and the change, where the call awaits.
    Unlocked(Method),
    /// The same, but nothing is awaited there: only another thread can come in between.
    UnlockedWithoutAwait(Method),
    /// An insert replaces the row of the same id.
    Overwrites(Method),
    /// Rows of accounts that don't exist are taken.
    UnknownAccounts,
    /// An update doesn't look at the version.
    IgnoresVersion(Method),
    /// A taken address or slot is told before a version that is not the one before.
    StaleLast(Method),
    /// The record of the request is forgotten.
    Unrecorded(Method),
    /// A request that was carried out before is carried out again.
    Repeats(Method),

    // Any list.
    Unsorted(List),
    IgnoresCursor(List),
    IgnoresLimit(List),
    /// There is never a next page.
    EndsEarly(List),
    /// A full last page announces another one.
    AlwaysGoesOn(List),
    /// Rows of other accounts are listed, too.
    Leaks(List),
    /// Those that changed earlier are listed, too.
    IgnoresSince(List),

    // Health and changes.
    Unhealthy,
    ConstantMark,
    /// A write that the mark doesn't tell.
    Unmarked(Method),
    /// What another server writes, the mark doesn't tell.
    MarkOfOwnWrites,

    // Accounts and keys.
    AccountsById,
    AccountsByCreationOnly,
    KeysById,
    KeysByCreationOnly,
    KeysOfAll,
    LastUseMovesBack,
    UseOfAnyAccount,
    RevokesAgain,
    RevokedIsGone,
    RevokesNobody,

    // Customers.
    EmailWithCase,
    EmailOfAnyAccount,
    EmailOfItself,
    EmailFoundAnywhere,
    IgnoresEmail,
    ForgetsPhone,
    /// Refuses phone numbers of more than 20 characters.
    ShortPhones,

    // Appointments.
    CancelledOccupies,
    ConflictsWithItself,
    TouchingOverlaps,
    LastMinuteShared,
    OnlySameStart,
    MovesUnguarded,
    CustomerAsBooked,
    UnknownCustomers,
    IgnoresFrom,
    BeforeIncluded,
    IgnoresStatus,
    IgnoresCustomer,
    /// Refuses appointments that last longer than half a day.
    ShortDays,

    // Events and registrations.
    IgnoresEventFrom,
    IgnoresEventBefore,
    IgnoresEventStatus,
    /// Refuses events that have been.
    NeverCompleted,
    /// Refuses places that cost as much as may be.
    Cheap,
    Uncounted,
    NotCountedOff,
    VersionStaysOnRegister,
    VersionStaysOnUnregister,
    Overfull,
    EndedEventsAdmit,
    TwoPlaces,
    FullBeforeRegistered,
    FullBeforeEnded,
    UnregistersAnywhere,
    UnregistersTwice,
    RegistrationFoundAnywhere,

    // Records of requests.
    /// A write that is refused leaves its record.
    RecordsRefused,
    /// A write that finds nothing to do leaves its record.
    RecordsNothing,
    RepeatedLast,
    RecordsOfAll,
    RecordsNeverExpire,
    RecordsExpireAtOnce,
    /// A record expires a millisecond late.
    RecordsExpireLate,
    SweepsAll,
    SweepsLate,
    SweepsWithoutLimit,
    SweepsNothing,
    SweepMiscounts,
}
