/// What the symbols are that merging begins with.
enum BPEAlphabet: Sendable {
    /// Bytes: for each its id, -1 for none.
    case bytes([Int32])
    /// Unicode scalars; those without an id become the ids of their bytes where `byteIds` has all of them.
    case scalars(ScalarMap, byteIds: [Int32]?)
}

/// What becomes of a character that the vocabulary has no token for.
struct UnknownToken: Hashable, Sendable {
    var id: Int32
    /// One token for several in a row.
    var fuses: Bool
}

/// The symbols that a word begins with, one behind the other.
struct BPESymbols {
    var ids: [Int32] = []
    /// How many bytes of the text each stands for.
    var lengths: [Int] = []

    @inline(__always) mutating func append(_ id: Int32, _ length: Int) {
        ids.append(id)
        lengths.append(length)
    }

    /// Fills in the symbols of a part of the text.
    /// - Parameter inLetters: lengths of bytes are those of their letters (`ByteLetters`), not 1.
    mutating func load(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ alphabet: BPEAlphabet, _ unknown: UnknownToken?,
        inLetters: Bool = false
    ) {
        ids.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        var run = UnknownRun()
        switch alphabet {
        case .bytes(let byteIds):
            for at in range {
                add(byteIds[Int(text[at])], inLetters ? ByteLetters.length(text[at]) : 1, unknown, &run)
            }
        case .scalars(let map, let byteIds):
            var at = range.lowerBound
            while at < range.upperBound {
                let scalar = text.scalar(at: at)
                let end = at + scalar.byteCount
                let id = map.find(scalar.value)
                if id < 0, let byteIds, text[at..<end].allSatisfy({ byteIds[Int($0)] >= 0 }) {
                    for index in at..<end { append(byteIds[Int(text[index])], 1) }
                } else {
                    add(id, scalar.byteCount, unknown, &run)
                }
                at = end
            }
        }
        run.flush(into: &self)
    }

    /// Unknown characters that were met and not yet written: behind the bytes of characters that follow them, as in
    /// `tokenizers`.
    private struct UnknownRun {
        var pending: (id: Int32, length: Int)?

        mutating func flush(into symbols: inout BPESymbols) {
            if let (id, length) = pending { symbols.append(id, length) }
            pending = nil
        }
    }

    @inline(__always) private mutating func add(
        _ id: Int32, _ length: Int, _ unknown: UnknownToken?, _ run: inout UnknownRun
    ) {
        if id >= 0 {
            if run.pending != nil { run.flush(into: &self) }
            append(id, length)
        } else if let unknown {
            if !unknown.fuses { run.flush(into: &self) }
            run.pending = (unknown.id, length + (run.pending?.length ?? 0))
        }
    }
}
