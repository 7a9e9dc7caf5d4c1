/// A tensor that holds NaN or infinity, as one rank found it when it recomputed a step.
package struct NonFiniteTensor: Hashable, Sendable {
    /// What the tensor is, in the order in which values depend on each other within a micro-batch.
    package enum Role: UInt8, Hashable, Sendable, CaseIterable {
        /// A parameter, before the step; `index` counts the node's parameters.
        case weight
        /// What the model is given.
        case input
        /// What a node computes in its forward.
        case output
        case loss
        /// The gradient of what a node was given.
        case inputGradient
        /// The gradient of a parameter, summed up to this micro-batch.
        case weightGradient
    }

    package var role: Role
    package var microBatch: Int
    /// A node of the model; the last one for the loss.
    package var node: Int
    package var index: Int
    package var isNaN: Bool

    package init(_ role: Role, microBatch: Int = 0, node: Int, index: Int = 0, isNaN: Bool) {
        self.role = role
        self.microBatch = microBatch
        self.node = node
        self.index = index
        self.isNaN = isNaN
    }

    /// Whether this one is a cause of the other: all micro-batches read the same weights and are independent otherwise; in
    /// each, forwards go up the nodes and backwards down.
    package func precedes(_ other: NonFiniteTensor) -> Bool { order.lexicographicallyPrecedes(other.order) }

    private var order: [Int] {
        switch role {
        case .weight: [0, 0, 0, node, 0, index]
        case .input, .output: [1, microBatch, Int(role.rawValue), node, 0, index]
        case .loss: [1, microBatch, Int(role.rawValue), 0, 0, 0]
        case .inputGradient, .weightGradient:
            [1, microBatch, Int(Role.inputGradient.rawValue), -node, Int(role.rawValue), index]
        }
    }
}

extension NonFiniteTensor {
    func encode(into bytes: inout ByteWriter) {
        bytes.put(role.rawValue)
        bytes.put(microBatch)
        bytes.put(node)
        bytes.put(index)
        bytes.put(UInt8(isNaN ? 1 : 0))
    }

    init(_ bytes: inout ByteReader) throws(MessageError) {
        guard let role = Role(rawValue: try bytes.byte()) else {
            throw MessageError(description: "a tensor of unknown role")
        }
        self.init(
            role, microBatch: try bytes.count(), node: try bytes.count(), index: try bytes.count(),
            isNaN: try bytes.byte() == 1)
    }
}
