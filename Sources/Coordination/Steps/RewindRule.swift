package import Manifests
package import Runs

/// Where a run goes back to from a step that was not finite, and what it leaves out of its data. Pure.
///
/// The same data would lead to the same step again, bit for bit. So the mini-batches since the checkpoint are left out, that
/// of the step among them, and training goes on with those behind.
package struct RewindRule: Sendable {
    private let distance: Int
    private let steps: Int

    /// nil where runs of this pipeline do not go back.
    package init?(_ manifest: PipelineManifest) {
        guard let distance = manifest.onNaN.distance else { return nil }
        self.distance = distance
        steps = manifest.steps
    }

    /// The newest checkpoint to go back to from a step, counted from 0, that was not finite; below 1 the run begins anew.
    package func newest(from step: Int) -> Int { step - distance }

    /// - Parameters:
    ///   - step: that was not finite, from 0.
    ///   - done: steps of the checkpoint that the run goes back to.
    ///   - before: what was left out before.
    /// - Returns: nil where it went back too often, or would leave out more than it trains on.
    package func rewound(from step: Int, to done: Int, before: Rewound) -> Rewound? {
        let leftOut = before.leftOut + step + 1 - done
        guard before.count < Rewound.limit, leftOut <= steps else { return nil }
        return Rewound(leftOut: leftOut, count: before.count + 1)
    }

    /// `; the run goes back to step 4 …`
    package static func text(from step: Int, to done: Int, before: Rewound, _ rewound: Rewound) -> String {
        let place = done == 0 ? "the beginning" : "step \(done)"
        let (first, last) = (before.leftOut + done + 1, before.leftOut + step + 1)
        let leftOut = first == last ? "mini-batch \(first) is" : "mini-batches \(first) to \(last) are"
        return "going back to \(place); \(leftOut) left out (rewind \(rewound.count) of \(Rewound.limit))"
    }
}
