import CPUDevices
import Foundation
import Planning
package import Runs

/// What `echelon doctor` shows of this machine, and what is worth changing.
package struct MachineReport: Codable, Hashable, Sendable {
    package var version = 1
    package var facts: Facts
    package var findings: [Finding]

    /// One line of the report.
    package struct Finding: Codable, Hashable, Sendable {
        package enum State: String, Codable, Hashable, Sendable {
            case ok
            /// Runs work, but could be faster, or lack something that not everyone needs.
            case note
            /// Runs fail until this is changed.
            case problem
        }
        package var topic: String
        package var state: State
        package var text: String
        /// What to do; nil where there is nothing to do.
        package var advice: String?

        package init(_ topic: String, _ state: State, _ text: String, advice: String? = nil) {
            self.topic = topic
            self.state = state
            self.text = text
            self.advice = advice
        }
    }

    /// Judges what was found.
    package init(_ facts: Facts) {
        self.facts = facts
        findings = facts.findings
    }

    /// Looks at everything, and measures matrix products for about half a second.
    ///
    /// OpenBLAS takes its orders from the environment it starts in: this program may start again, in place, in the one
    /// that workers have.
    package static func examine() throws(RunFailure) -> MachineReport {
        let handedOver = BLASRun.handedOver
        let before = if let handedOver { handedOver } else { try BLASRun.measure() }
        before.handOver()
        try WorkerEnvironment.prepare(threads: 1)
        let used = try before.core == OpenBLASCore.current ? before : BLASRun.measure()
        return MachineReport(Facts.gather(blasHere: before, blasUsed: used))
    }

    package func json() throws -> String { try JSONForm.text(self) }
}
