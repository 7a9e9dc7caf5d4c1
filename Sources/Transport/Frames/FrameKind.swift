/// What a message on a data link is. Raw values are what travels in its header.
package enum FrameKind: UInt8, Sendable, Hashable, CaseIterable {
    /// The output of a stage for one micro-batch, on its way to the next stage.
    case activation = 1
    /// The gradient of a stage's input for one micro-batch, on its way to the previous stage.
    case gradient = 2
    /// What the last stage's loss compares with.
    case targets = 3
    /// A portal's stashed tensor.
    case portal = 4
    case portalGradient = 5
    /// A tied parameter, or its gradient.
    case tie = 6
    /// Part of a reduction over ranks: a gradient norm, an overflow flag, a loss.
    case reduction = 7
    /// A piece of a worker's state: for its mirror, or for the worker that takes layers over.
    case state = 8
    /// How many messages of the link were consumed so far (in `sequence`): travels against the link's direction.
    case credit = 14
    /// Nothing more will come from this side of the link.
    case goodbye = 15
}

extension FrameKind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .activation: "activation"
        case .gradient: "gradient"
        case .targets: "targets"
        case .portal: "portal"
        case .portalGradient: "portal gradient"
        case .tie: "tie"
        case .reduction: "reduction"
        case .state: "state"
        case .credit: "credit"
        case .goodbye: "goodbye"
        }
    }
}
