package import Runs
package import Transport

extension WorkerEndpoint {
    /// What a worker does from here to its goodbye. Where it fails, whoever started it is told first; the endpoint is closed
    /// either way.
    package func serve(_ work: () throws -> Void) throws(RunFailure) {
        do {
            try work()
            try close(goodbye: true)
        } catch {
            let failure = RunFailure(wrapping: error)
            fail(code: WireCode.encode(failure.code, isConsequence: failure.isConsequence), failure.message)
            try? close(goodbye: false)
            throw failure
        }
    }
}
