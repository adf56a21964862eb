//! The command line, against the real binary.
