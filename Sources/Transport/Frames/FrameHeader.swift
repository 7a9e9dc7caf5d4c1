/// What a message contains, field by field; checked before its payload is read.
///
/// The caller sets what the schedule knows (kind, step, micro-batch, edge, tensor, dtype, shape, payload
/// length); the endpoint sets what the link knows (run, epoch, ranks, sequence, checksums, times), when sending and when
/// comparing.
package struct FrameHeader: Hashable, Sendable {
    package var kind: FrameKind
    package var step: Int
    package var microBatch: Int
    /// The schedule's edge that the message travels.
    package var edge: Int
    /// The place of this tensor among those of the edge.
    package var tensor: Int
    /// `DType.rawValue`, or `compressedRows`; this room knows no tensors.
    package var dtype: UInt8
    /// Of a payload of whole numbers behind a scale for each row.
    package static let compressedRows: UInt8 = 64
    /// Payload bytes.
    package var payloadLength: Int
    package var runID: UInt64 = 0
    package var epoch: UInt32 = 0
    package var source = 0
    package var destination = 0
    /// The place of this message on its link, counted from 0. In credit and goodbye: how many messages were counted.
    package var sequence: UInt64 = 0
    /// When the sender handed the message over: nanoseconds of its monotonic clock.
    package var sentAt: UInt64 = 0
    package var payloadCRC: UInt32 = 0
    var dimensions = 0
    var extents = SIMD8<UInt64>(repeating: 0)

    /// - Precondition: nothing is negative, `shape` has at most `maxDimensions` extents.
    package init(
        _ kind: FrameKind, step: Int = 0, microBatch: Int = 0, edge: Int = 0, tensor: Int = 0, dtype: UInt8 = 0,
        shape: [Int] = [], payloadLength: Int = 0
    ) {
        precondition(min(step, microBatch, edge, tensor, payloadLength) >= 0, "negative field in a frame header")
        precondition(max(microBatch, edge) <= Int(UInt32.max), "micro-batch or edge beyond 32 bits")
        precondition(tensor <= Self.maxTensor, "tensor \(tensor) of edge \(edge): a header counts to \(Self.maxTensor)")
        self.kind = kind
        self.step = step
        self.microBatch = microBatch
        self.edge = edge
        self.tensor = tensor
        self.dtype = dtype
        self.payloadLength = payloadLength
        self.shape = shape
    }

    package static let maxDimensions = 8
    /// 24 bits.
    static let maxTensor = 1 << 24 - 1

    /// The extents of the payload's tensor, outermost first.
    package var shape: [Int] {
        get { (0..<dimensions).map { Int(extents[$0]) } }
        set {
            precondition(newValue.count <= Self.maxDimensions, "a message has at most \(Self.maxDimensions) extents")
            precondition(newValue.allSatisfy { $0 >= 0 }, "negative extent in \(newValue)")
            dimensions = newValue.count
            extents = SIMD8(repeating: 0)
            for (axis, extent) in newValue.enumerated() { extents[axis] = UInt64(extent) }
        }
    }
}

extension FrameHeader: CustomStringConvertible {
    package var description: String { "\(kind) of micro-batch \(microBatch), step \(step)" }
}
