internal import Systems

/// Encodes blocks on several threads, and gives them back in the order they came in.
final class EncodingThreads {
    private struct State: Sendable {
        var waiting: [(number: Int, block: RecordBlock)] = []
        var done: [Int: EncodedBlock] = [:]
        var isEnding = false
    }

    private let state = Shared(State())
    private var threads: [JoinableThread] = []
    private var added = 0
    private var taken = 0

    /// Blocks that are held at once, for each thread.
    private static let ahead = 2

    /// - Throws: where not one thread starts.
    init(count: Int, _ encode: @escaping @Sendable (RecordBlock) -> EncodedBlock) throws(SystemError) {
        let state = state
        for index in 0..<max(count, 1) {
            do throws(SystemError) {
                threads.append(try JoinableThread(name: "encoder-\(index)") { Self.work(state, encode) })
            } catch {
                // Where no more threads start, fewer do the work.
                guard !threads.isEmpty else { throw error }
                break
            }
        }
    }

    /// Whether as many blocks are held as may be.
    var isFull: Bool { added - taken >= threads.count * Self.ahead }
    var isEmpty: Bool { added == taken }

    func add(_ block: RecordBlock) {
        state.update { $0.waiting.append((added, block)) }
        added += 1
    }

    /// The next block in order, once it is encoded.
    func next() -> EncodedBlock? {
        guard !isEmpty else { return nil }
        let block = state.wait { $0.done.removeValue(forKey: taken) }
        taken += 1
        return block
    }

    /// Waits for the threads; what they have not begun is dropped.
    func end() {
        state.update { $0.isEnding = true }
        threads.forEach { $0.join() }
    }

    private enum Order {
        case encode(Int, RecordBlock)
        case end
    }

    private static func work(_ state: Shared<State>, _ encode: (RecordBlock) -> EncodedBlock) {
        while true {
            let order: Order? = state.wait { state in
                if state.isEnding { return Order.end }
                guard !state.waiting.isEmpty else { return nil }
                let (number, block) = state.waiting.removeFirst()
                return Order.encode(number, block)
            }
            guard case .encode(let number, let block) = order else { return }
            let encoded = encode(block)
            state.update { $0.done[number] = encoded }
        }
    }
}
