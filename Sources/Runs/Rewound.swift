/// What a run that went back from a step which was not finite does otherwise than the checkpoint that it went back to says.
package struct Rewound: Hashable, Sendable {
    /// Mini-batches of the data's order that the run has left out so far: each step's is so many further on.
    package var leftOut: Int
    /// How often the run went back so far.
    package var count: Int

    /// A run that went back so often has another fault than its data.
    package static let limit = 10

    package init(leftOut: Int = 0, count: Int = 0) {
        self.leftOut = leftOut
        self.count = count
    }
}
