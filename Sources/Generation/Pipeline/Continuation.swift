/// One text that is being written: which passes it needs next. Knows no devices.
struct Continuation {
    /// Prompt and answer so far.
    private(set) var ids: [Int32]
    private let plan: GenerationPlan
    private let slot: Int
    /// Positions count from this id on: above 0 once the text has slid out of the window.
    private var base: Int
    /// How many ids from `base` on the caches hold.
    private var cached = 0

    init(prompt: [Int32], slot: Int, _ plan: GenerationPlan) {
        (ids, self.plan, self.slot) = (prompt, plan, slot)
        base = max(0, prompt.count - plan.source.window)
    }

    mutating func append(_ id: Int32) { ids.append(id) }

    /// The passes behind which the logits of the next token are known; nil where the window is full.
    mutating func nextPasses() -> [PassOrder]? {
        if ids.count - base > plan.source.window {
            guard plan.source.slides else { return nil }
            // As much again fits before it slides once more.
            base = ids.count - (plan.source.window + 1) / 2
            cached = 0
        }
        let count = ids.count - base
        defer { cached = count }
        if plan.seesPrefix, cached == 0 { return [wholePrompt(count)] }
        return passes(count)
    }

    /// A pass that holds a whole prompt. What fills it up repeats the last id: no rule that looks for an id's first place
    /// sees that.
    private func wholePrompt(_ count: Int) -> PassOrder {
        let length = plan.lengths.first { $0 >= count } ?? plan.capacity
        return order(from: 0, length: length, row: count - 1)
    }

    private func passes(_ count: Int) -> [PassOrder] {
        let chunk = plan.lengths.last ?? 1
        var (start, passes) = (cached, [PassOrder]())
        while start < count {
            let rest = count - start
            if rest == 1 {
                passes.append(order(from: start, length: 1, row: 0))
            } else if rest >= chunk {
                passes.append(order(from: start, length: chunk, row: rest == chunk ? chunk - 1 : nil))
            } else {
                // The last ids of the text once more rather than places beyond its end: those may not exist.
                let first = max(0, count - chunk)
                passes.append(order(from: first, length: chunk, row: count - 1 - first))
            }
            start += min(rest, rest == 1 ? 1 : chunk)
        }
        return passes
    }

    private func order(from start: Int, length: Int, row: Int?) -> PassOrder {
        var own = Array(ids[base + start..<min(base + start + length, ids.count)])
        own += [Int32](repeating: own.last ?? 0, count: length - own.count)
        return PassOrder(slot: slot, start: start, ids: own, row: row)
    }
}
