/// How a prefix language model counts: GLM's (Du et al., arXiv 2103.10360), as ChatGLM-6B does it.
///
/// A row of positions is c, then the first position of each token, then its second one. c is the index of the first
/// `start`. First positions count 0 … c − 1 and stay at the index of the first of `marks[0]`, of `marks[1]` where there is
/// none, …, from token c on; second positions are 0 for the prefix, then 1, 2, 3, …. A row without `start` or without any
/// mark is plain: c = 0, first positions 0, 1, 2, …, second ones 0. So are its later tokens, where a cache remembers it.
public struct PrefixRule: Hashable, Sendable {
    /// The id that ends the prefix.
    public var start: Int
    /// Ids of the places to be filled, the most wanted first.
    public var marks: [Int]

    /// Ids outside of i32 are found nowhere.
    public init(start: Int, marks: [Int]) {
        self.start = start
        self.marks = marks
    }

    /// c and the marked position of a row; (0, −1) where it is plain.
    package func prefix(of ids: UnsafeBufferPointer<Int32>) -> (count: Int, mark: Int) {
        guard let count = first(start, in: ids) else { return (0, -1) }
        for mark in marks {
            if let place = first(mark, in: ids) { return (count, place) }
        }
        return (0, -1)
    }

    private func first(_ id: Int, in ids: UnsafeBufferPointer<Int32>) -> Int? {
        guard let id = Int32(exactly: id) else { return nil }
        return ids.firstIndex(of: id)
    }

    /// Writes a row for the tokens from index `first` on, as many as half the room behind its first number.
    package static func write(
        _ prefix: (count: Int, mark: Int), first: Int, into row: UnsafeMutableBufferPointer<Int32>
    ) {
        guard !row.isEmpty else { return }
        let tokens = row.count / 2
        row[0] = Int32(clamping: prefix.count)
        for token in 0..<tokens {
            let index = first + token
            let isBehind = prefix.mark >= 0 && index >= prefix.count
            row[1 + token] = Int32(clamping: isBehind ? prefix.mark : index)
            row[1 + tokens + token] = isBehind ? Int32(clamping: index - prefix.count + 1) : 0
        }
    }
}
