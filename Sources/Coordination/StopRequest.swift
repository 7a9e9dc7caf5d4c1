import Synchronization
import Systems

/// A request to end a run early, from any thread: the first lets workers leave in order, the second ends them at once.
/// Interrupts that the process catches (`Interrupts`) count as requests.
package final class StopRequest: Sendable {
    private let asked = Atomic<Int>(0)

    package init() {}

    package var count: Int { asked.load(ordering: .relaxed) + Interrupts.count }
    /// Whether a signal asked, which is to lose nothing: a program that asks wants no more of the run.
    package var isInterrupt: Bool { Interrupts.count > 0 }
    package func ask() { asked.add(1, ordering: .relaxed) }
}
