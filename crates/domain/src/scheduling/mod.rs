//! When a business serves its customers: appointments, what they take (resources), what is booked (services), and when
//! (hours, time zones).

mod appointment;
mod availability;
mod hours;
mod resource;
mod schedule;
mod service;
mod zone;

pub use appointment::{
    Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, NewAppointment,
    ServiceType,
};
pub use availability::{
    Agenda, Busy, Calendar, Candidacy, Demand, InvalidDemand, Obstacle, Policies, Suggestions, Taken,
};
pub use hours::{DayException, Hours, InvalidHours, Opening, WeeklyOpening};
pub use resource::{
    NewResource, Resource, ResourceEdit, ResourceId, ResourceKind, ResourceName, ResourceRefusal,
};
pub use schedule::{Horizon, Notice, Schedule, ScheduleRefusal, ScheduleRules, TimeZoneName};
pub use service::{
    Buffer, Count, InvalidNeed, InvalidNeeds, Need, Needs, Price, Service, ServiceEdit, ServiceId,
    ServiceName, ServiceRefusal, ServiceTerms,
};
pub use zone::{Meaning, Zone, Zoned};
