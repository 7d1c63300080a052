//! Little-endian values, varints and a bounded cursor (in construction).
