/// One direction between two workers, as both of them declare it.
package struct LinkDeclaration: Hashable, Sendable {
    /// The link's name at both ends: unique among the links of a rank.
    package var id: Int
    package var source: Int
    package var destination: Int
    /// How many messages may be on their way or waiting at the receiver.
    package var credit: Int
    /// How many consumed messages the receiver may leave unreported: it returns their credit in one message.
    package var creditBatch: Int
    /// The largest payload in bytes.
    package var maxPayload: Int

    /// - Precondition: two different ranks, nothing negative, at least one credit, more credit than `creditBatch`.
    package init(id: Int, from source: Int, to destination: Int, credit: Int, creditBatch: Int = 0, maxPayload: Int) {
        precondition(source != destination, "link \(id) leads from rank \(source) to itself")
        precondition(min(id, source, destination, maxPayload) >= 0 && credit >= 1, "link \(id) has a negative field")
        precondition(max(id, source, destination, credit) < Int(Int32.max) / 2, "link \(id) has a field beyond 30 bits")
        precondition((0..<credit).contains(creditBatch), "link \(id) would run out of credit before any returns")
        self.id = id
        self.source = source
        self.destination = destination
        self.credit = credit
        self.creditBatch = creditBatch
        self.maxPayload = maxPayload
    }

    /// A link on which `depth` messages can always be on their way, however late the receiver says that it consumed some.
    ///
    /// Its credit exceeds `depth` by `creditBatch`, so that one message returns the credit of many: of half the depth, or
    /// of as many small messages as make 256 KiB, at most 64, where that is more.
    package init(id: Int, from source: Int, to destination: Int, depth: Int, maxPayload: Int) {
        let rest = max(depth / 2, min(64, (256 << 10) / max(maxPayload, 1)))
        self.init(
            id: id, from: source, to: destination, credit: depth + rest, creditBatch: rest, maxPayload: maxPayload)
    }
}

extension LinkDeclaration: CustomStringConvertible {
    package var description: String { "link \(id), rank \(source) → rank \(destination)" }
}

/// What passed over one end of a link so far.
package struct LinkCounters: Hashable, Sendable {
    /// Messages sent (handed to the wire), or consumed at the receiving end.
    package var messages = 0
    /// Their payload bytes.
    package var bytes = 0
    /// Nanoseconds that messages waited at this end for credit.
    package var creditWait: UInt64 = 0
    /// The most messages that were ever on their way, or waiting at the receiver, at once: never beyond the credit.
    package var peakOutstanding = 0

    package init() {}
}
