/// Matches patterns at places of a text. Keeps its memory from call to call.
struct PatternMatcher {
    private let stack = FrameStack()
    /// Steps that may still be taken for the text. An expression can be made to try in exponentially many ways.
    private var budget = 0

    /// Starts a text: so many steps are enough for any expression that does its work in a time that follows its length.
    /// - Parameter least: steps for the shortest text.
    mutating func begin(textCount: Int, least: Int = 10_000_000) { budget = least + 500 * textCount }

    /// The end of the pattern's match that begins at `start`; nil where none does. The text must be valid UTF-8.
    mutating func match(
        _ pattern: Pattern, in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) throws(TokenizerError) -> Int? {
        stack.count = 0
        return try run(pattern.code, text, 0, start)
    }

    private mutating func run(
        _ code: PatternCode, _ text: UnsafeBufferPointer<UInt8>, _ first: Int, _ start: Int
    ) throws(TokenizerError) -> Int? {
        let floor = stack.count
        var pc = first
        var at = start
        while true {
            budget -= 1
            guard budget >= 0 else { throw Self.tooSlow }
            var fails = false
            switch code.instructions[pc] {
            case .set(let set):
                if at < text.count, case let scalar = text.scalar(at: at), code.contains(set, scalar.value) {
                    at += scalar.byteCount
                    pc += 1
                } else {
                    fails = true
                }
            case .loop(let set, let least, let most, let isPossessive):
                let (end, low) = take(code, set, least, most, text, at)
                if low < 0 {
                    fails = true
                } else {
                    pc += 1
                    if !isPossessive, end > low {
                        try push(Frame(instruction: Int32(pc), remaining: 0, at: end, least: low))
                    }
                    at = end
                }
            case .split(let first, let second):
                try push(Frame(instruction: second, remaining: 0, at: at, least: -1))
                pc = Int(first)
            case .jump(let target): pc = Int(target)
            case .choose(let number):
                let remaining = code.candidates(number, text, at)
                if let target = try choose(code, pc, number, remaining, at) {
                    pc = target
                } else {
                    fails = true
                }
            case .look(let end, let negative):
                if (try attempt(code, text, pc + 1, at) != nil) != negative { pc = Int(end) } else { fails = true }
            case .atomic(let end):
                if let matched = try attempt(code, text, pc + 1, at) {
                    at = matched
                    pc = Int(end)
                } else {
                    fails = true
                }
            case .ahead(let set, let negative):
                let holds = at < text.count && code.contains(set, text.scalar(at: at).value)
                if holds != negative { pc += 1 } else { fails = true }
            case .behind(let set, let negative):
                let holds = at > 0 && code.contains(set, text.scalar(before: at).value)
                if holds != negative { pc += 1 } else { fails = true }
            case .anchor(let anchor): if anchor.holds(text, at) { pc += 1 } else { fails = true }
            case .matched: return at
            }
            if fails {
                guard let resumed = try resume(code, text, floor) else { return nil }
                (pc, at) = resumed
            }
        }
    }

    /// What is looked at, or matched in one way only: the way back ends where it begins.
    private mutating func attempt(
        _ code: PatternCode, _ text: UnsafeBufferPointer<UInt8>, _ pc: Int, _ at: Int
    ) throws(TokenizerError) -> Int? {
        let floor = stack.count
        let end = try run(code, text, pc, at)
        stack.count = floor
        return end
    }

    /// How far a loop goes, and the least that it must keep; -1 where it finds too few.
    @inline(__always) private mutating func take(
        _ code: PatternCode, _ set: Int32, _ least: Int32, _ most: Int32, _ text: UnsafeBufferPointer<UInt8>,
        _ start: Int
    ) -> (end: Int, low: Int) {
        var at = start
        var taken: Int32 = 0
        var low = least == 0 ? start : -1
        let flat = code.sets[Int(set)]
        while taken < most, at < text.count {
            let scalar = text.scalar(at: at)
            guard flat.isComplex ? code.contains(set, scalar.value) : code.holds(flat, scalar.value) else { break }
            at += scalar.byteCount
            taken += 1
            if taken == least { low = at }
        }
        budget -= Int(taken)
        return (at, low)
    }

    private mutating func choose(
        _ code: PatternCode, _ pc: Int, _ number: Int32, _ remaining: UInt64, _ at: Int
    ) throws(TokenizerError) -> Int? {
        guard remaining != 0 else { return nil }
        let rest = remaining & (remaining - 1)
        if rest != 0 { try push(Frame(instruction: Int32(pc), remaining: rest, at: at, least: -1)) }
        return code.target(number, remaining)
    }

    private mutating func push(_ frame: Frame) throws(TokenizerError) {
        guard stack.count < Self.deepest else { throw Self.tooSlow }
        stack.push(frame)
    }

    /// Goes back to the last place with another way; nil where none is left above `floor`.
    private mutating func resume(
        _ code: PatternCode, _ text: UnsafeBufferPointer<UInt8>, _ floor: Int
    ) throws(TokenizerError) -> (pc: Int, at: Int)? {
        guard stack.count > floor else { return nil }
        let frame = stack.top
        if frame.least >= 0 {
            // A loop gives back one scalar.
            let at = frame.at - text.scalar(before: frame.at).byteCount
            if at > frame.least { stack.top.at = at } else { stack.count -= 1 }
            return (Int(frame.instruction), at)
        }
        stack.count -= 1
        guard frame.remaining != 0, case .choose(let number) = code.instructions[Int(frame.instruction)] else {
            return (Int(frame.instruction), frame.at)
        }
        let target = try choose(code, Int(frame.instruction), number, frame.remaining, frame.at)
        return target.map { ($0, frame.at) }
    }

    private static let deepest = 1 << 20
    private static let tooSlow = TokenizerError.text(
        expected: "one that the tokenizer's regular expression splits in reasonable time",
        got: "one that takes it more")
}

extension PatternNode.Anchor {
    fileprivate func holds(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
        switch self {
        case .textStart: at == 0
        case .textEnd: at == text.count
        case .lineStart: at == 0 || at < text.count && text[at - 1] == 0x0A
        case .lineEnd: at == text.count || text[at] == 0x0A
        }
    }
}

/// Where to go on when what was tried fails.
private struct Frame {
    var instruction: Int32
    /// Not 0: the bits of a choice's targets that are left.
    var remaining: UInt64
    /// The place in the text; of a loop the end of what it took.
    var at: Int
    /// Of a loop, the least that it must keep; -1 for what is no loop.
    var least: Int
}

/// Frames, the last one on top.
private final class FrameStack {
    private var memory = UnsafeMutablePointer<Frame>.allocate(capacity: 64)
    private var capacity = 64
    var count = 0

    deinit { memory.deallocate() }

    @inline(__always) func push(_ frame: Frame) {
        if count == capacity { grow() }
        (memory + count).initialize(to: frame)
        count += 1
    }

    /// There must be one.
    @inline(__always) var top: Frame {
        get { memory[count - 1] }
        set { memory[count - 1] = newValue }
    }

    private func grow() {
        let larger = UnsafeMutablePointer<Frame>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: memory, count: count)
        memory.deallocate()
        memory = larger
        capacity *= 2
    }
}
