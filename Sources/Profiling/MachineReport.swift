import CPUDevices
import Foundation
import Planning
public import Runs

/// What `echelon doctor` shows of this machine, and what is worth changing.
public struct MachineReport: Codable, Hashable, Sendable {
    public var version = 1
    public var facts: Facts
    public var findings: [Finding]

    /// One line of the report.
    public struct Finding: Codable, Hashable, Sendable {
        public enum State: String, Codable, Hashable, Sendable {
            case ok
            /// Runs work, but could be faster, or lack something that not everyone needs.
            case note
            /// Runs fail until this is changed.
            case problem
        }
        public var topic: String
        public var state: State
        public var text: String
        /// What to do; nil where there is nothing to do.
        public var advice: String?

        public init(_ topic: String, _ state: State, _ text: String, advice: String? = nil) {
            self.topic = topic
            self.state = state
            self.text = text
            self.advice = advice
        }
    }

    /// Judges what was found.
    public init(_ facts: Facts) {
        self.facts = facts
        findings = facts.findings
    }

    /// Looks at everything, and measures matrix products for about half a second.
    ///
    /// OpenBLAS takes its orders from the environment it starts in: this program may start again, in place, in the one
    /// that workers have.
    public static func examine() throws(RunFailure) -> MachineReport {
        let handedOver = BLASRun.handedOver
        let before = if let handedOver { handedOver } else { try BLASRun.measure() }
        before.handOver()
        try WorkerEnvironment.prepare(threads: 1)
        let used = try before.core == OpenBLASCore.current ? before : BLASRun.measure()
        return MachineReport(Facts.gather(blasHere: before, blasUsed: used))
    }

    public func json() throws -> String { try JSONForm.text(self) }
}
