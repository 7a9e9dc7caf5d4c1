import Checkpoints
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Transport

/// What the compute thread says to the coordinator, and waits to hear from it.
extension MessagePort {
    func status(step: Int, _ instruction: Instruction, _ phase: WorkerPhase = .computing) {
        endpoint.updateStatus { status in
            status.step = step
            status.microBatch = instruction.microBatch
            status.instruction = instruction.description
            status.phase = phase
            status.progress &+= 1
        }
    }

    /// Throws where the run has ended or a peer was lost.
    func requireRun() throws {
        if let failure = endpoint.failure { throw failure }
    }

    /// - Parameter more: whether another message to the coordinator follows at once.
    func tell(_ message: WorkerMessage, more: Bool = false) {
        endpoint.sendApplication(message.encoded(), more: more)
    }

    /// Waits for the coordinator's next message, but for words on what follows behind steps: those are told ahead.
    func listen() throws -> CoordinatorMessage {
        while true {
            let message = try receive()
            guard case .word(let word) = message else { return message }
            words.append(word)
        }
    }

    private func receive() throws -> CoordinatorMessage {
        // Before the first step and behind the last it is at something else.
        endpoint.updateStatus { if $0.phase == .computing { $0.phase = .coordinated } }
        defer { endpoint.updateStatus { if $0.phase == .coordinated { $0.phase = .computing } } }
        guard let bytes = try endpoint.receiveApplication() else {
            throw RunFailure(.interrupted, "the coordinator fell silent")
        }
        return try CoordinatorMessage(bytes)
    }

    /// What all ranks do behind a step.
    func awaitWord(behind done: Int) throws -> BoundaryWord {
        let word = try foresee(behind: done)
        words.removeFirst()
        return word
    }

    /// The same before the step has ended; it can be asked for again.
    func foresee(behind done: Int) throws -> BoundaryWord {
        if words.isEmpty, case .word(let word) = try receive() { words.append(word) }
        guard let word = words.first, word.step == done else {
            throw RunFailure(.bug, "the coordinator did not say what follows behind step \(done)")
        }
        return word
    }

    /// Behind an evaluation: waits for the word to go on.
    /// - Returns: where to write the weights before that, if anywhere.
    func awaitWordOnWeights(step: Int) throws -> String? {
        guard case .afterEvaluation(step, let path) = try listen() else {
            throw RunFailure(.bug, "the coordinator did not say what follows the evaluation behind step \(step)")
        }
        return path
    }

    /// Fills the rank's parameters into a file.
    func save(_ executors: [StageExecutor], compactOnly: Bool, to writer: SafetensorsWriter) throws -> Int {
        try endpoint.save(executors, compactOnly: compactOnly, to: writer)
    }

    /// Waits for Σ of squared gradients over all stages.
    func awaitGradientSquares(step: Int) throws -> Double {
        guard case .gradientSquares(step, let total) = try listen() else {
            throw RunFailure(.bug, "the coordinator did not send the gradient norm of step \(step)")
        }
        return total
    }

    /// Waits for the word that the gradients of the other ranks are finite, or are not.
    func awaitOthers(step: Int) throws -> Bool {
        guard case .othersAreFinite(step, let isFinite) = try listen() else {
            throw RunFailure(.bug, "the coordinator did not say whether the gradients of step \(step) are finite")
        }
        return isFinite
    }
}
