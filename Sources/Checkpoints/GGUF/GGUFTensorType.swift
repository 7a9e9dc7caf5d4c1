/// The element types of tensors as the format numbers them.
enum GGUFTensorType {
    /// nil: a type that is not read.
    static func encoding(_ number: UInt32) -> StoredEncoding? {
        switch number {
        case 0: .plain(.f32)
        case 1: .plain(.f16)
        case 2: .blocks(.nibbles)
        case 3: .blocks(.nibblesWithMinimum)
        case 8: .blocks(.bytes)
        case 24: .plain(.i8)
        case 25: .plain(.i16)
        case 26: .plain(.i32)
        case 27: .plain(.i64)
        case 28: .plain(.f64)
        case 30: .plain(.bf16)
        default: nil
        }
    }

    /// What people call a type that is not read.
    static func name(_ number: UInt32) -> String { names[number] ?? "type \(number)" }

    private static let names: [UInt32: String] = [
        6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K",
        16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS",
        29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
}
