//! The process: start, configuration, signals, logs, faults of the disk, against the real binary.
