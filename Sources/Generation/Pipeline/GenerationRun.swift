import Foundation
package import Runs
import Systems
import Transport

/// A text to go on from.
package struct GenerationRequest: Hashable, Sendable {
    package var prompt: [Int32]
    /// The most tokens to write.
    package var count: Int
    package var sampling: Generator.Sampling
    /// Ids behind which it ends.
    package var endTokens: Set<Int32>

    package init(prompt: [Int32], count: Int, sampling: Generator.Sampling, endTokens: Set<Int32> = []) {
        (self.prompt, self.count, self.sampling, self.endTokens) = (prompt, count, sampling, endTokens)
    }
}

/// What became of a request.
package struct GenerationOutcome: Hashable, Sendable {
    /// Why nothing more was written.
    package enum Ending: String, Hashable, Sendable {
        /// As many tokens as were asked for.
        case length
        /// The model wrote an id that ends texts.
        case end
        /// Whoever reads it has enough: a stop text.
        case stop
        /// The model reads no longer texts.
        case context
    }
    /// The tokens written, with the one that ended the text.
    package var ids: [Int32] = []
    package var ending = Ending.length
}

/// How long what took.
package struct GenerationSpeed: Hashable, Sendable {
    package var promptTokens = 0
    package var answerTokens = 0
    /// From the first pass until every prompt was read.
    package var promptSeconds = 0.0
    package var answerSeconds = 0.0

    /// `prompt: 120.0 tokens/s (36 tokens), answer: 20.1 tokens/s (199 tokens)`
    package var text: String {
        func part(_ name: String, _ count: Int, _ seconds: Double) -> String {
            "\(name): \(String(format: "%.1f", Double(count) / max(seconds, 1e-9))) tokens/s (\(count) tokens)"
        }
        let prompt = part("prompt", promptTokens, promptSeconds)
        return answerTokens == 0 ? prompt : prompt + ", " + part("answer", answerTokens, answerSeconds)
    }
}

/// A model that writes, over all of its stages: several texts at once, each a micro-batch in flight. What it writes does
/// not depend on the stages nor on the other texts.
///
///     let run = try GenerationRun(plan, on: .processes)
///     defer { run.close() }
///     let outcomes = try run.generate([request]) { text, token in print(token); return true }
package final class GenerationRun {
    /// Where stages run. A single one is always here, in the calling thread.
    package enum Place: Sendable {
        /// Each in a process of this program.
        case processes
        /// Each in a thread, for tests and for trying things out.
        case threads
    }

    package let plan: GenerationPlan
    private let pipeline: any PassPipeline
    private var isClosed = false
    package private(set) var speed = GenerationSpeed()

    /// - Parameter job: with which `plan` was made; processes make theirs of it.
    package init(_ plan: GenerationPlan, on place: Place, job: GenerationJob? = nil) throws(RunFailure) {
        self.plan = plan
        do {
            guard plan.devices.count > 1 else {
                pipeline = try LocalPipeline(plan)
                return
            }
            var configuration = WorkerPipeline.configuration(plan)
            switch place {
            case .threads:
                let network = InMemoryNetwork()
                pipeline = try WorkerPipeline(plan, server: ControlServer(configuration, network: network)) {
                    try StageThreads(plan, server: $0, network: network)
                }
            case .processes:
                guard let job else { preconditionFailure("processes need a job") }
                configuration.socketParent = try ScratchFolder.parentForSockets()
                pipeline = try WorkerPipeline(plan, server: try ControlServer(configuration)) {
                    try StageProcesses(plan, job, server: $0)
                }
            }
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    deinit { precondition(isClosed, "a run of stages must be closed") }

    /// Ends the stages; returns when none is left.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        try? pipeline.close(isDone: isDone)
    }

    private var isDone = true

    /// - Parameters:
    ///   - emit: called with each new token and the request, by index, that it belongs to; false ends that text.
    ///   - finished: called once for each request.
    /// - Throws: bad input: a prompt with ids that the model does not know, or longer than it reads. Close then.
    package func generate(
        _ requests: [GenerationRequest], emit: (Int, Int32) throws -> Bool,
        finished: (Int, GenerationOutcome) throws -> Void = { _, _ in }
    ) throws -> [GenerationOutcome] {
        for request in requests { try check(request) }
        do {
            var texts = TextsInFlight(requests, plan)
            let start = MonotonicClock.now
            var promptEnd = start
            for order in texts.begin() { try pipeline.submit(order) }
            while texts.isWriting {
                let (slot, logits) = try pipeline.next()
                let (orders, wasPrompt) = try texts.answer(slot, logits, emit: emit, finished: finished)
                if wasPrompt { promptEnd = MonotonicClock.now }
                for order in orders { try pipeline.submit(order) }
            }
            let answers = texts.outcomes.reduce(0) { $0 + $1.ids.count }
            speed.promptTokens += requests.reduce(0) { $0 + $1.prompt.count }
            speed.promptSeconds += Double(promptEnd - start) / 1e9
            // The first token of each text is the last of reading its prompt.
            speed.answerTokens += max(0, answers - requests.count)
            speed.answerSeconds += Double(MonotonicClock.now - promptEnd) / 1e9
            return texts.outcomes
        } catch {
            isDone = false
            // That whoever reads the text left is no failure of the run: commands tell it apart.
            throw error is SystemError ? error : RunFailure(wrapping: error)
        }
    }

    private func check(_ request: GenerationRequest) throws(RunFailure) {
        let (window, vocabulary) = (plan.source.window, plan.vocabulary)
        guard !request.prompt.isEmpty else { throw .badInput("generate: expected a prompt of at least one token") }
        if let id = request.prompt.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
            throw .badInput("generate: the prompt holds token \(id), outside the vocabulary of \(vocabulary)")
        }
        guard plan.source.slides || request.prompt.count <= window else {
            throw .badInput(
                "generate: a prompt of \(request.prompt.count) tokens, the model reads at most \(window)")
        }
        let needed = min(window, request.prompt.count + request.count)
        guard needed <= plan.capacity else {
            throw .badInput("generate: a text of \(needed) tokens, expected at most \(plan.capacity)")
        }
    }
}
