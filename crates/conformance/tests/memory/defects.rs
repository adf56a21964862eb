//! The defects that a store can have, as one switch each.

/// A method that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    InsertAccount,
    RenameAccount,
    InsertKey,
    InsertFirstKey,
    UpdateKey,
    RotateKey,
    InsertUser,
    UpdateUser,
    InsertSession,
    UseSession,
    EndSession,
    SweepSessions,
    InsertLink,
    Follow,
    EndLinks,
    SweepLinks,
    RecordUse,
    InsertCustomer,
    UpdateCustomer,
    InsertResource,
    UpdateResource,
    InsertService,
    UpdateService,
    ReplaceSchedule,
    Book,
    UpdateAppointment,
    Confirm,
    Hold,
    RemoveHold,
    Release,
    Forget,
    Block,
    RemoveBlock,
    InsertEvent,
    UpdateEvent,
    Register,
    UpdateRegistration,
    Unregister,
    RecordPayment,
    InsertSource,
    UpdateSource,
    RemoveSource,
    SweepNotices,
    WriteRecord,
    Sweep,
    SetFeedKey,
    RenewFeed,
    SweepChanges,
    InsertEndpoint,
    UpdateEndpoint,
    RemoveEndpoint,
    ClaimLane,
    SettleLane,
    MoveLane,
    RetryDelivery,
    SweepDeliveries,
}

/// A call that is about lanes or their deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneCall {
    Due,
    Claim,
    Settle,
    Move,
    Retries,
    Open,
    Delivery,
    Deliveries,
    Retry,
}

/// A list that comes in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Keys,
    Customers,
    Resources,
    Services,
    Appointments,
    Holds,
    Blocks,
    Events,
    Registrations,
    RegistrationsOfCustomer,
    Payments,
    Sources,
    Notices,
}

/// A defect of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    // Defects of any write.
    /// The lock is released between the check and the change, and the call awaits there.
    Unlocked(Method),
    /// Like [`Unlocked`](Self::Unlocked), but nothing is awaited there: only another thread can intervene.
    UnlockedWithoutAwait(Method),
    /// An insert replaces the row with the same id.
    Overwrites(Method),
    /// Rows of accounts that don't exist are accepted.
    UnknownAccounts,
    /// An update ignores the version.
    IgnoresVersion(Method),
    /// A taken address or slot is reported in preference to a version mismatch.
    StaleLast(Method),
    /// The request's record is not written.
    Unrecorded(Method),
    /// A request that was carried out before is carried out again.
    Repeats(Method),

    // Defects of any list.
    Unsorted(List),
    IgnoresCursor(List),
    IgnoresLimit(List),
    /// There is never a next page.
    EndsEarly(List),
    /// A full last page announces another page.
    AlwaysGoesOn(List),
    /// Rows of other accounts are listed too.
    Leaks(List),
    /// Rows that changed before `updated_since` are listed too.
    IgnoresSince(List),

    /// Rows that can be booked are listed together with those that can't.
    IgnoresActive(List),

    // Defects of the health check and of marks.
    Unhealthy,
    ConstantMark,
    /// The write doesn't change the mark.
    Unmarked(Method),
    /// Another server's write doesn't change the mark.
    MarkOfOwnWrites,

    // Defects of accounts and keys.
    AccountsById,
    AccountsByCreationOnly,
    /// A new name is that of every account.
    RenamesAll,
    KeysById,
    KeysByCreationOnly,
    KeysOfAll,
    LastUseMovesBack,
    UseOfAnyAccount,
    RevokedIsGone,
    /// An update writes the last use that it has read.
    UpdatesLastUse,
    KeyFoundAnywhere,
    /// An update brings a revoked key back.
    UpdatesRevoked,
    /// A rotation adds the successor, and leaves the key as it is.
    RotatesHalf,

    // Defects of users, sessions and links.
    UserEmailWithCase,
    UserEmailOfAnyAccount,
    OneUserOfAddress,
    UsersById,
    UpdatesEmail,
    LastOwnerGoes,
    /// An owner who has no password yet, or is shut out, or is none, counts as one.
    InvitedOwnerCounts,
    DisabledOwnerCounts,
    StaffCounts,
    /// The links of all users of the account end.
    EndsAllLinks,
    SessionsOfAll,
    SessionsById,
    SessionMovesBack,
    EndsOfAnyUser,
    EndsAll,
    SweepsSessions,
    FollowsExpired,
    SetsUpAgain,
    OtherLinksStay,
    SessionsOutlivePassword,
    SweepsLinks,

    // Defects of customers.
    EmailWithCase,
    EmailOfAnyAccount,
    EmailOfItself,
    CustomerFoundAnywhere,
    EmailFoundAnywhere,
    IgnoresEmail,
    IgnoresSearch,
    /// A search looks at the name alone.
    SearchesNames,
    SearchesWithCase,
    /// A search compares phone numbers with their separators only.
    SearchesPhonesAsWritten,
    /// A customer that has one of the words is found.
    SearchesAnyWord,
    ForgetsPhone,
    /// Phone numbers of more than 20 characters are refused.
    ShortPhones,

    // Defects of resources, services and schedules.
    IgnoresKind,
    ResourcesFoundAnywhere,
    /// A week without windows is read back as no rule.
    ForgetsClosedWeeks,
    /// All resources of a group are read back as their number.
    CountsAll,
    /// The first replacement of a schedule may have any version.
    ScheduleStartsAnywhere,
    CustomerServedAnywhere,
    /// The schedule is read only if the customer is there.
    NoScheduleForStrangers,

    // Defects of appointments.
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
    /// Appointments that last longer than half a day are refused.
    ShortDays,

    // Defects of what takes resources.
    /// Only the first resource of a booking is guarded.
    OnlyFirstGuarded,
    /// Resources that don't exist are accepted.
    UnknownResources,
    IgnoresBufferBefore,
    IgnoresBufferAfter,
    /// The account's own schedule conflicts with every resource.
    OwnScheduleIsAll,
    /// A cancelled appointment of several resources keeps all but the first.
    CancelKeepsLegs,
    /// Only what is confirmed keeps all but the first resource.
    CompletedFreesLegs,
    /// Resources are read back in the order of their ids.
    ForgetsOrder,
    ForgetsService,
    /// A move leaves the further resources where they were.
    MovesFirstOnly,
    BusyMissesLegs,
    ExpiredIsBusy,
    ExpiredLegsAreBusy,
    /// What began more than a day and two buffers before is not read as busy.
    BusyMissesOldBlocks,
    /// What began more than a day and two buffers before is in nobody's way.
    OldBlocksUnguarded,
    BusyUnsorted,
    /// What is in the way is the one that was made first.
    FirstMadeIsInTheWay,
    /// The hold of several resources is called an appointment.
    LegsAreAppointments,
    BusyOfAll,
    CountsHolds,
    CountsCompleted,
    CountsFirstOnly,
    CountsByStart,

    // Defects of holds and blocks.
    HoldsDontOccupy,
    ReleasedOccupies,
    BlocksDontOccupy,
    ConfirmsReleased,
    /// A confirmed hold stays a hold.
    ConfirmKeepsHold,
    /// The hold is removed first, and the appointment is added later.
    ConfirmFreesSlot,
    UpdateConfirms,
    ExpiredEarly,
    ExpiredLate,
    ExpiredOfAll,
    ExpiredWithoutLimit,
    /// Holds that were released are told again.
    ExpiredAgain,
    ReleasesAgain,
    ReleasesAnywhere,
    /// A release that is acknowledged changes nothing.
    ReleasesNothing,
    ForgetsKept,
    ForgetsEarly,
    ForgetsWithoutLimit,
    HoldsFoundAnywhere,
    ListsExpired,
    RemovesNothing,
    RemovesAnywhere,
    IgnoresBlockFrom,
    IgnoresBlockBefore,
    IgnoresBlockResource,
    ForgetsReason,

    // Defects of customers that come with a booking.
    /// The customer is written even if the booking is refused.
    CustomerAnyway,
    /// The booking is written without its customer.
    CustomerForgotten,
    StaleCustomerBooks,
    TakenAddressBooks,

    // Defects of events and registrations.
    IgnoresEventFrom,
    IgnoresEventBefore,
    IgnoresEventStatus,
    /// Completed events are refused.
    NeverCompleted,
    /// Events with the highest price are refused.
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
    UnregistersStale,
    UnregistersTwice,
    RegistrationFoundAnywhere,
    /// A customer whose place was freed can't get another one.
    FreedPlacesCount,
    /// A place that is given or freed by a status isn't counted.
    StatusUncounted,

    // Defects of payments and of what waits for them.
    /// What comes back isn't guarded.
    ComesBackUnguarded,
    UnregistersPaid,
    UnpaidEarly,
    UnpaidLate,
    UnpaidOfAll,
    UnpaidWithoutLimit,
    /// What has expired is told as unpaid again.
    UnpaidAgain,
    /// One payment is recorded twice.
    PaidTwice,
    RefundsTooMuch,
    UnknownTargets,
    /// Only the first entry of a write is written.
    FirstEntryOnly,
    /// The entries are written without the booking.
    BillForgotten,
    PaymentFoundAnywhere,
    IgnoresKindOfPayment,
    IgnoresProvider,
    JoinedRefundsMissing,
    IgnoresTarget,
    IgnoresPaymentStatus,
    IgnoresAttention,
    IgnoresPaymentFrom,
    IgnoresPaymentBefore,
    ReportsTooMuch,

    // Defects of payment sources and of the log of their notices.
    /// Two sources have one token.
    SharedTokens,
    SourceFoundAnywhere,
    SourceRemovedAnywhere,
    ForgetsPreviousNoticeSecret,
    NoticesGoWithSource,
    /// No notice is written.
    Unnoticed,
    /// A notice that was taken before is taken again.
    NoticedTwice,
    /// A notice of another account counts as the same one.
    NoticesOfAll,
    /// A notice of another source counts as the same one.
    NoticesOfAllSources,
    /// A notice that could not be read can't come again.
    UnreadableStays,
    /// A notice that was ignored stays in the way of the same one.
    IgnoredStays,
    ForgetsProblem,
    /// A refused write leaves its notice.
    NoticesRefused,
    NoticesOfAllSourcesListed,
    NoticesSweptLate,
    NoticesSweptAll,
    NoticesSweptWithoutLimit,

    // Defects of the records of requests.
    /// A refused write, or one that finds nothing to do, leaves its record.
    RecordsRefused,
    /// A write that finds nothing to do leaves its record.
    RecordsNothing,
    RepeatedLast,
    RecordsOfAll,
    RecordsNeverExpire,
    RecordsExpireAtOnce,
    /// A record expires a millisecond too late.
    RecordsExpireLate,
    SweepsAll,
    SweepsLate,
    SweepsWithoutLimit,
    SweepsNothing,
    SweepMiscounts,

    // Defects of how changes are written.
    /// The write's changes are not written.
    Unlogged(Method),
    /// Changes are not written if there is a record.
    RecordsHideChanges,
    /// Changes are written only if there is a record.
    LogsRecordedOnly,
    /// Of several changes of one write only the first is written.
    LogsFirstOnly,
    /// Several changes of one write are written in reverse.
    LogsBackwards,
    /// A refused write leaves its changes.
    LogsRefused,
    /// A write that finds nothing to do leaves its changes.
    LogsNothing,
    /// A repeated request leaves its changes.
    LogsRepeated,
    /// The changes are written after the write, by a write of their own.
    LogsLater,
    /// The changes get their numbers before the write, so that others may be read first.
    NumbersEarly,
    ForgetsRequest,
    ForgetsVersionOfChange,
    ForgetsCustomerOfChange,
    ForgetsPrevious,
    /// API keys are read back as users.
    KeysAreUsers,
    /// Texts of more than half of the permitted length are dropped.
    ShortTexts,

    // Defects of the feed.
    ChangesOfAll,
    UnsortedChanges,
    IgnoresTypes,
    IgnoresSubject,
    IgnoresActor,
    /// Changes by anybody are found as those of the system.
    AnybodyIsSystem,
    IgnoresMost,
    /// A reading ends one place too early, so that the next one finds its last change again.
    ReadsTwice,
    /// A reading ends one place too late.
    SkipsOne,
    /// A reading that has found enough says that there is no more.
    EndsFull,
    /// A reading that has looked at enough says that there is no more.
    EndsTired,
    /// A reading looks at everything until it has found enough.
    ScansOn,
    /// If a reading finds nothing, the next one begins at the same place again.
    EmptyStays,
    HorizonAhead,
    HorizonStays,
    DueLate,
    /// An account has something to sweep if any of its changes is due.
    DueByAnyChange,
    DueWithoutChanges,
    NoneDue,
    SweepsUndueChanges,
    SweepsChangesLate,
    SweepsNoChanges,
    SweepsChangesWithoutLimit,
    /// What comes before a due change stays if it is not due itself.
    SweepsDueOnly,
    SweepsChangesOfAll,
    ForgetsSwept,
    /// A sweep that finds nothing forgets the ones before.
    SweptMovesBack,
    /// A sweep is remembered as one of everything.
    SweptTooFar,
    /// A reading looks up first how far was swept, and reads the changes later.
    SweptToldEarly,
    KeyChanges,
    RenewKeepsKey,
    /// After a renewal, new changes get the numbers of old ones.
    RenewBeginsAnew,

    // Defects of looking back.
    RecentOfAll,
    /// The change at the place before which it is to begin is told, too.
    RecentAgain,
    RecentIgnoresMost,
    RecentScansOn,
    /// A reading that has looked at enough says that nothing is left.
    RecentEndsTired,
    /// A reading that has found enough says that nothing is left.
    RecentEndsFull,
    RecentForwards,
    /// A reading ends one place too early, so that the next one misses a change.
    RecentSkipsOne,
    FoundAtPlacesOfAll,
    /// If nothing is at a place, the change behind it is found.
    FoundBehindPlaces,

    // Defects of webhook endpoints.
    AnyWebhookPlace,
    WebhookPlacesOfAll,
    WebhookPlacesShared,
    LanesBeginAtStart,
    EndpointFoundAnywhere,
    EndpointRemovedAnywhere,
    EndpointsOfAll,
    EndpointsById,
    EndpointsByCreationOnly,
    ForgetsPreviousSecret,
    ForgetsDisabling,
    ForgetsWebhookDescription,
    LaneOutlivesEndpoint,
    DeliveriesOutliveEndpoint,
    /// With an endpoint, the deliveries of all others of its account are removed.
    RemovesDeliveriesOfAll,

    // Defects of lanes.
    /// The call sees or changes the lane of another account.
    LanesAnywhere(LaneCall),
    /// The call sees or changes the deliveries of all endpoints of the account.
    DeliveriesOfAllEndpoints(LaneCall),
    /// The call takes deliveries that are to be tried again later.
    RetriesEarly(LaneCall),
    DueWithoutLimit,
    DueWhileHeld,
    DueWhileInactive,
    DueWhileBlocked,
    DueWithItsLastChange,
    DueByAnyAccount,
    DueWithoutRetries,
    DueWithoutFailing,
    DueByOldFailures,
    BlockedTriesNothingAgain,
    ClaimsHeld,
    LeasesNeverEnd,
    /// Who holds a lane has the same fence as the one before.
    ClaimKeepsFence,
    SettlesWithAnyFence,
    /// A settlement that is refused writes its deliveries, and says that it was not refused.
    LateDeliveriesKept,
    SettleForgetsPlace,
    SettleForgetsFailing,
    SettleForgetsBlocked,
    /// A lane that is given back stays with its holder.
    SettleGivesNothingBack,
    /// A lane that is to be held for longer is given back.
    SettleGivesAllBack,
    MoveKeepsBlocked,
    MoveKeepsFence,
    MoveKeepsLease,
    PlaceIncludesInstant,
    PlaceOfAll,
    /// The place is that of the change that was made last, which may not be the last one in the log.
    PlaceOfLatestInstant,
    SweepIgnoresLanes,
    SweepIgnoresRetries,
    SweepSparesForInactive,
    SweepSparesForAll,
    SweepSparesFailed,

    // Defects of deliveries.
    DeliveriesForgotten,
    DeliveriesNeverReplaced,
    ForgetsAnswer,
    RetriesUnsorted,
    RetriesWithoutLimit,
    OpenIsFailed,
    OpenIsPending,
    SkippedIsOpen,
    /// The delivery at the place is told, not only those behind it.
    OpenAtPlace,
    /// Only those behind the place are counted.
    OpenCountsBehind,
    OpenIsLast,
    OpenByChange,
    DeliveriesByPlace,
    DeliveriesOldestFirst,
    /// A page begins with the last delivery of the page before.
    DeliveriesAgain,
    DeliveriesWithoutLimit,
    IgnoresDeliveryStatus,
    RetriesFailedOnly,
    RetryChangesNothing,
    SweepsDeliveriesLate,
    SweepsNoDeliveries,
    SweepsPendingDeliveries,
    /// The successes of all endpoints of an account are counted together.
    SuccessesOfAllCounted,
    KeepsAllSuccesses,
    FailuresCountAsSuccesses,
}
