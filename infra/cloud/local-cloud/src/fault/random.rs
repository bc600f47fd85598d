//! Random numbers without state: each is a hash of the seed and the decision's name, so that a seed
//! repeats a run whatever the order of the decisions. Not for secrets.

/// The number from 0 (included) to 1 (excluded) that belongs to the seed and this occurrence.
pub fn unit(seed: u64, fault: &str, subject: &str, occurrence: u64) -> f64 {
    let mut hash = mix(seed);
    for part in [fault.as_bytes(), subject.as_bytes()] {
        // FNV-1a; the byte 0xff, which UTF-8 never contains, separates the parts.
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    let z = mix(mix(hash) ^ occurrence);
    // The upper 53 bits fill a double's mantissa.
    (z >> 11) as f64 / (1u64 << 53) as f64
}

/// The finaliser of `SplitMix64`.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
