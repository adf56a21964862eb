//! Registrations for events, as the contract's table says.
