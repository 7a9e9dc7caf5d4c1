/// Checked access to the elements that a kernel reads or writes.
extension Tensor {
    func f32(_ operation: StaticString, count expected: Int) -> UnsafeMutablePointer<Float> {
        precondition(dtype == .f32, "\(operation) computes in f32 on the CPU, got \(spec)")
        return elements(operation, count: expected)
    }

    func i32(_ operation: StaticString, count expected: Int) -> UnsafeMutablePointer<Int32> {
        precondition(dtype == .i32, "\(operation) takes i32 here, got \(spec)")
        return elements(operation, count: expected)
    }

    /// The one i64 of a loss's normaliser.
    func normaliser(_ operation: StaticString) -> Int64 {
        precondition(dtype == .i64, "\(operation) takes an i64 normaliser, got \(spec)")
        return elements(operation, count: 1).pointee
    }

    private func elements<Element>(
        _ operation: StaticString, count expected: Int
    ) -> UnsafeMutablePointer<Element> {
        precondition(count == expected, "\(operation) takes \(expected) elements here, got \(spec)")
        return address.assumingMemoryBound(to: Element.self)
    }
}
