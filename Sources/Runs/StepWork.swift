internal import Systems

/// What the micro-batches of a step held, where their lengths differ.
package struct StepWork: Equatable, Sendable {
    /// Of all samples.
    package var tokens: Int
    /// That they take.
    package var positions: Int
    /// That the model computed: those, and padding.
    package var computed: Int
    /// Forward and backward.
    package var flops: Double

    package init(tokens: Int, positions: Int, computed: Int, flops: Double) {
        self.tokens = tokens
        self.positions = positions
        self.computed = computed
        self.flops = flops
    }

    func encode(into bytes: inout ByteWriter) {
        bytes.put(tokens)
        bytes.put(positions)
        bytes.put(computed)
        bytes.put(flops.bitPattern)
    }

    init(_ bytes: inout ByteReader) throws(MessageError) {
        tokens = try bytes.count()
        positions = try bytes.count()
        computed = try bytes.count()
        flops = try bytes.double()
    }
}
