package import Manifests

/// Whether a run whose workers were lost is tried once more. Pure: told what time it is, it says so.
package struct RestartRule {
    private let rule: PipelineManifest.Restart?
    /// When it was allowed, nanoseconds.
    private var times: [UInt64] = []
    /// How often, of late.
    package var count: Int { times.count }
    /// How often at most, within the rule's time.
    package var limit: Int { rule?.attempts ?? 0 }

    package init(_ rule: PipelineManifest.Restart?) { self.rule = rule }

    /// Counts an attempt, where it may be made.
    package mutating func allows(at now: UInt64) -> Bool {
        guard let rule else { return false }
        times.removeAll { Double(now &- $0) > rule.window * 1e9 }
        guard times.count < rule.attempts else { return false }
        times.append(now)
        return true
    }
}
