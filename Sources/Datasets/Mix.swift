/// One draw of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) from state `x`:
/// a bijection of 64-bit numbers whose outputs look random.
func mix(_ x: UInt64) -> UInt64 {
    var z = x &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
