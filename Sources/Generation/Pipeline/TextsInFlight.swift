import Runs
import Systems

/// Which of the requests are being written, and what each waits for. Knows no devices.
struct TextsInFlight {
    private(set) var outcomes: [GenerationOutcome]
    private let requests: [GenerationRequest]
    private let plan: GenerationPlan
    /// The next request that has no slot yet.
    private var next = 0
    /// By slot.
    private var writing: [Int: Text] = [:]

    private struct Text {
        var request: Int
        var continuation: Continuation
        var sampler: TokenSampler
    }

    init(_ requests: [GenerationRequest], _ plan: GenerationPlan) {
        (self.requests, self.plan) = (requests, plan)
        outcomes = requests.map { _ in GenerationOutcome() }
    }

    var isWriting: Bool { !writing.isEmpty }

    /// The first passes of as many texts as there are slots.
    mutating func begin() -> [PassOrder] { (0..<plan.slots).flatMap { beginText(in: $0) } }

    private mutating func beginText(in slot: Int) -> [PassOrder] {
        while next < requests.count {
            let request = requests[next]
            defer { next += 1 }
            guard request.count > 0 else { continue }
            var continuation = Continuation(prompt: request.prompt, slot: slot, plan)
            guard let passes = continuation.nextPasses() else { continue }
            writing[slot] = Text(
                request: next, continuation: continuation, sampler: TokenSampler(request.sampling))
            return passes
        }
        return []
    }

    /// Draws a text's next token.
    /// - Returns: the passes that follow, and whether the token was the text's first.
    mutating func answer(
        _ slot: Int, _ logits: [Float], emit: (Int, Int32) throws -> Bool,
        finished: (Int, GenerationOutcome) throws -> Void
    ) throws -> (orders: [PassOrder], wasPrompt: Bool) {
        guard var text = writing[slot] else { throw RunFailure(.bug, "logits for slot \(slot), which writes nothing") }
        let request = requests[text.request]
        let known = Array(logits.prefix(plan.vocabulary))
        let token = Int32(text.sampler.draw(known, after: text.continuation.ids))
        let wasPrompt = outcomes[text.request].ids.isEmpty
        outcomes[text.request].ids.append(token)
        text.continuation.append(token)
        let goesOn = try emit(text.request, token)
        var ending: GenerationOutcome.Ending?
        if request.endTokens.contains(token) {
            ending = .end
        } else if !goesOn {
            ending = .stop
        } else if outcomes[text.request].ids.count >= request.count {
            ending = .length
        }
        if ending == nil {
            if let passes = text.continuation.nextPasses() {
                writing[slot] = text
                return (passes, wasPrompt)
            }
            ending = .context
        }
        outcomes[text.request].ending = ending ?? .length
        writing[slot] = nil
        try finished(text.request, outcomes[text.request])
        return (beginText(in: slot), wasPrompt)
    }
}
