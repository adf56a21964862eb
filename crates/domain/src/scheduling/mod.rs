//! When a business serves its customers: appointments, what they take (resources), what is booked (services), and when
//! (hours, time zones).

mod appointment;
mod availability;
mod block;
mod booking;
mod hold;
mod hours;
mod occupancy;
mod resource;
mod schedule;
mod service;
mod unbookable;
mod zone;

pub use appointment::{
    Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, NewAppointment,
};
pub use availability::{
    Agenda, Calendar, Candidacy, Demand, InvalidDemand, Obstacle, Policies, Suggestions, Taken,
};
pub use block::{Block, BlockId, BlockRefusal, BlockTerms};
pub use booking::{Booking, ServiceType};
pub use hold::{Hold, HoldId, HoldRefusal, HoldTime};
pub use hours::{DayException, Hours, InvalidHours, Opening, WeeklyOpening, parse_closing};
pub use occupancy::{Buffers, Interval, Occupancy, OccupancyKind, conflict};
pub use resource::{
    NewResource, Resource, ResourceEdit, ResourceId, ResourceKind, ResourceName, ResourceRefusal,
};
pub use schedule::{Horizon, Notice, Schedule, ScheduleRefusal, ScheduleRules, TimeZoneName};
pub use service::{
    Buffer, Count, InvalidNeed, InvalidNeeds, Need, Needs, Price, Service, ServiceEdit, ServiceId,
    ServiceName, ServiceRefusal, ServiceTerms,
};
pub use unbookable::{BrokenRule, NotFree, Obstruction, Unbookable};
pub use zone::{Meaning, Zone, Zoned};
