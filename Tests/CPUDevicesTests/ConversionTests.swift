import CPUDevices
import Tensors
import Testing

/// Every 16-bit number, and every kind of f32, through `cast`.
@Suite struct ConversionTests {
    let lab = Lab()

    private func cast<Source, Target>(_ values: [Source], _ from: DType, to: DType, _ type: Target.Type) -> [Target] {
        let (x, y) = (lab.empty([values.count], from), lab.empty([values.count], to))
        values.withUnsafeBytes { lab.backend.upload($0, to: x) }
        lab.backend.cast(x, into: y)
        return lab.elements(y, type)
    }

    private let every = (0...UInt16.max).map { $0 }

    @Test func `every bf16 is the upper half of an f32`() {
        let wide = cast(every, .bf16, to: .f32, UInt32.self)
        let same1 = zip(wide, every).allSatisfy { $0 == UInt32($1) << 16 }
        #expect(same1)
        // Back again; a signalling NaN becomes a quiet one.
        let back = cast(wide, .f32, to: .bf16, UInt16.self)
        let same2 = zip(back, every).allSatisfy { $0 == (BrainFloat(bits: $1).value.isNaN ? $1 | 0x40 : $1) }
        #expect(same2)
    }

    @Test func `every f16 becomes its f32 and comes back`() {
        let wide = cast(every, .f16, to: .f32, Float.self)
        for (bits, value) in zip(every, wide) {
            let half = Float16(bitPattern: bits)
            #expect(half.isNaN ? value.isNaN : value == Float(half) && value.sign == half.sign)
        }
        let back = cast(wide, .f32, to: .f16, UInt16.self)
        let same3 = zip(back, every).allSatisfy { $0 == (Float16(bitPattern: $1).isNaN ? $1 | 0x200 : $1) }
        #expect(same3)
    }

    /// Floats at, just below and just above every tie between neighbours, of both signs.
    private func ties(_ value: (UInt16) -> Double, greatest: UInt16) -> [Float] {
        (0..<greatest).flatMap { bits -> [Float] in
            let tie = Float((value(bits) + value(bits + 1)) / 2)
            return [tie.nextDown, tie, tie.nextUp, -tie.nextDown, -tie, -tie.nextUp]
        }
    }

    @Test func `f32 rounds to the nearest bf16, ties to even`() {
        let x = ties({ Double(BrainFloat(bits: $0).value) }, greatest: 0x7f7f)
        let y = cast(x, .f32, to: .bf16, UInt16.self)
        let same4 = zip(x, y).allSatisfy { BrainFloat($0).bits == $1 }
        #expect(same4)
        // The rule itself: below a tie down, above it up, on it to the even one.
        #expect(
            cast([0x1.01p0, 0x1.03p0, 0x1.010002p0] as [Float], .f32, to: .bf16, UInt16.self) == [
                0x3f80, 0x3f82, 0x3f81,
            ])
    }

    @Test func `f32 rounds to the nearest f16, ties to even`() {
        let x = ties({ Double(Float16(bitPattern: $0)) }, greatest: 0x7bff)
        let y = cast(x, .f32, to: .f16, UInt16.self)
        let same5 = zip(x, y).allSatisfy { Float16($0).bitPattern == $1 }
        #expect(same5)
        #expect(
            cast([65519, 65520, -65520] as [Float], .f32, to: .f16, Float16.self) == [65504, .infinity, -.infinity])
    }

    @Test(arguments: DType.short) func `what is not finite stays so`(dtype: DType) {
        let x: [Float] = [.infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0]
        let (source, target, back) = (lab.empty([6]), lab.empty([6], dtype), lab.empty([6]))
        x.withUnsafeBytes { lab.backend.upload($0, to: source) }
        lab.backend.cast(source, into: target)
        lab.backend.cast(target, into: back)
        let y = lab.floats(back)
        #expect(y[0] == .infinity && y[1] == -.infinity && y[2].isNaN && y[3] == .infinity && y[4] == 0)
        #expect(y[5].sign == .minus)
    }

    /// From one short type to the other there is one rounding, from the exact value.
    @Test func `bf16 and f16 convert to each other through f32`() {
        let halves = cast(every, .bf16, to: .f16, Float16.self)
        for (bits, half) in zip(every, halves) {
            let value = BrainFloat(bits: bits).value
            #expect(value.isNaN ? half.isNaN : half == Float16(value))
        }
        let brains = cast(every, .f16, to: .bf16, UInt16.self)
        for (bits, brain) in zip(every, brains) {
            let value = Float(Float16(bitPattern: bits))
            #expect(value.isNaN ? BrainFloat(bits: brain).value.isNaN : brain == BrainFloat(value).bits)
        }
    }

    @Test(arguments: oddSizes) func `any count is converted, and nothing behind it is written`(count: Int) {
        for dtype in DType.short {
            let x = lab.tensor(numbers(count, seed: 1))
            let room = lab.tensor([Double](repeating: 9, count: count + 3), nil, dtype)
            lab.backend.cast(x, into: room.slice(start: 0, [count]))
            #expect(lab.floats(room) == lab.floats(lab.tensor(numbers(count, seed: 1), nil, dtype)) + [9, 9, 9])
        }
    }
}
