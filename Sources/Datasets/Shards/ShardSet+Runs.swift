extension ShardSet {
    /// Neighbours of a sample that all count as targets, or do not.
    package struct Run: Hashable, Sendable {
        package var ids: [Int32]
        package var counts: Bool

        package init(ids: [Int32], counts: Bool) { (self.ids, self.counts) = (ids, counts) }
    }

    /// A sample as runs, in order.
    package func runs(ofSample sample: Int) throws(DatasetError) -> [Run] {
        try withSample(sample) { words in
            var runs: [Run] = []
            for word in words {
                let word = UInt32(littleEndian: word)
                let (id, counts) = (Int32(bitPattern: word & Self.idMask), word & Self.countBit != 0)
                if runs.last?.counts == counts {
                    runs[runs.count - 1].ids.append(id)
                } else {
                    runs.append(Run(ids: [id], counts: counts))
                }
            }
            return runs
        }
    }
}
