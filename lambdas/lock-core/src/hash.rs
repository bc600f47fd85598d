//! The FNV-1a hash. It must never change: ids and shards in the table are made from it.

const BASIS_64: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME_64: u64 = 0x0100_0000_01b3;
const BASIS_128: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME_128: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The 64-bit FNV-1a hash of `bytes`.
pub fn fnv1a_64(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(BASIS_64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME_64)
    })
}

/// The 128-bit FNV-1a hash of `bytes`.
pub fn fnv1a_128(bytes: impl Iterator<Item = u8>) -> u128 {
    bytes.fold(BASIS_128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME_128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_match_the_published_values() {
        let of = |text: &'static str| (fnv1a_64(text.bytes()), fnv1a_128(text.bytes()));
        assert_eq!(of(""), (BASIS_64, BASIS_128));
        let a = 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964;
        assert_eq!(of("a"), (0xaf63_dc4c_8601_ec8c, a));
    }
}
