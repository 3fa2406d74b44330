//! Part of Hallmark.
