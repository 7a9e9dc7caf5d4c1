/// Where the samples of a micro-batch lie in its tensors: [rows × length] positions.
package struct MicroBatchLayout: Hashable, Sendable {
    /// A sample's place.
    package struct Place: Hashable, Sendable {
        package var sample: Int
        package var row: Int
        /// Its first position in the row, and how many it has.
        package var start: Int
        package var positions: Int
    }

    package var places: [Place]
    package var rows: Int
    /// Positions of each row; what no sample fills is padding.
    package var length: Int

    /// Of a row that holds several samples: the positions of each, and of the padding behind them.
    package var documents: [Range<Int>] {
        let samples = places.map { $0.start..<$0.start + $0.positions }
        let end = samples.last?.upperBound ?? 0
        return end < length ? samples + [end..<length] : samples
    }

    /// Each sample in a row of its own.
    static func padded(
        _ samples: [(index: Int, positions: Int)], rows: Int, _ ladder: LengthLadder
    ) -> MicroBatchLayout {
        MicroBatchLayout(
            places: samples.enumerated().map { row, sample in
                Place(sample: sample.index, row: row, start: 0, positions: sample.positions)
            }, rows: rows, length: ladder.rung(for: samples.map(\.positions).max() ?? 1))
    }

    /// All samples in one row, one behind the other.
    static func packed(_ samples: [(index: Int, positions: Int)], _ ladder: LengthLadder) -> MicroBatchLayout {
        var places: [Place] = []
        var end = 0
        for sample in samples {
            places.append(Place(sample: sample.index, row: 0, start: end, positions: sample.positions))
            end += sample.positions
        }
        return MicroBatchLayout(places: places, rows: 1, length: ladder.rung(for: max(end, 1)))
    }

    /// Deals a step's samples out to its micro-batches so that these get about equally many positions: the longest first, each
    /// to the micro-batch that has fewest so far (R. L. Graham, Bounds on multiprocessing timing anomalies, 1969: the fullest
    /// is at most 4/3 of the best possible). Each keeps its samples in the step's order.
    static func deal(
        _ samples: [(index: Int, positions: Int)], over microBatches: Int
    ) -> [[(index: Int, positions: Int)]] {
        var load = [Int](repeating: 0, count: microBatches)
        var places = [[Int]](repeating: [], count: microBatches)
        let order = samples.indices.sorted { (samples[$1].positions, $0) < (samples[$0].positions, $1) }
        for place in order {
            let least = load.indices.min { (load[$0], $0) < (load[$1], $1) } ?? 0
            load[least] += samples[place].positions
            places[least].append(place)
        }
        return places.map { $0.sorted().map { samples[$0] } }
    }
}
