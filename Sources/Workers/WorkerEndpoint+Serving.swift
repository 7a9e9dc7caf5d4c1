import Glibc
package import Runs
package import Transport

extension WorkerEndpoint {
    /// What a worker does from here to its goodbye. Where it fails, whoever started it is told first; the endpoint is closed
    /// either way.
    package func serve(_ work: () throws -> Void) throws(RunFailure) {
        let orders = try serve(goesOver: false, work)
        precondition(orders == nil, "a worker that leaves has nowhere to go")
    }

    /// The same for a worker that may outlive its epoch.
    /// - Parameter goesOver: whether it waits for the coordinator's orders where the failure is not its own.
    /// - Returns: where it goes over to; nil: the work is done.
    func serve(goesOver: Bool, _ work: () throws -> Void) throws(RunFailure) -> [UInt8]? {
        do {
            try work()
            try close(goodbye: true)
            return nil
        } catch {
            let failure = RunFailure(wrapping: error)
            let code = WireCode.encode(failure.code, isConsequence: failure.isConsequence)
            if goesOver, failure.isConsequence {
                report(code: code, failure.message)
                if let orders = awaitOrders(timeout: Self.patience) {
                    try? close(goodbye: false)
                    return orders
                }
            } else {
                fail(code: code, failure.message)
            }
            try? close(goodbye: false)
            throw failure
        }
    }

    /// Longer than the coordinator takes to be certain of a loss.
    private static let patience = Duration.seconds(120)
}
