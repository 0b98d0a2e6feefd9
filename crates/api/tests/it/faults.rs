//! Faults of what lies below: a full disk, a folder nobody can write, a database that is gone or lost in the middle.
