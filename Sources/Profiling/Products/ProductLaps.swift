package import Planning
package import Tensors

/// What one device measured of one product, round by round: all candidates in turn within a round.
package struct ProductLaps: Codable, Hashable, Sendable {
    /// Seconds by the processor's rules.
    package var usual: [Double]
    package var others: [Other]

    /// The same product by one library.
    package struct Other: Codable, Hashable, Sendable {
        /// Its name in tables.
        package var library: String
        package var seconds: [Double]

        package init(_ library: ProductTable.Library, _ seconds: [Double]) {
            self.library = library.rawValue
            self.seconds = seconds
        }
    }

    package init(usual: [Double], others: [Other]) {
        self.usual = usual
        self.others = others
    }
}

extension ProductResult {
    /// A library takes a product over where it is faster by so much in the median of the rounds, …
    private static let leastGain = 1.03
    /// … and faster at all in three rounds of four.
    private static let leastQuartile = 1.0

    /// Judges a race by the ratios within the rounds of all devices: what slows a machine down slows a round's candidates
    /// alike, so that the ratios hold where times do not.
    package init(_ contest: ProductContest, _ devices: [ProductLaps]) {
        var best: (library: ProductTable.Library?, gain: Double) = (nil, 1)
        var nearest = 0.0
        for library in ProductTable.Library.allCases {
            let ratios = devices.flatMap { $0.ratios(of: library) }.sorted()
            guard !ratios.isEmpty else { continue }
            let (median, quartile) = (ratios[ratios.count / 2], ratios[ratios.count / 4])
            nearest = max(nearest, median)
            guard median >= Self.leastGain, quartile > Self.leastQuartile, median > best.gain else { continue }
            best = (library, median)
        }
        self.init(contest, library: best.library, gain: best.library == nil ? nearest : best.gain)
    }
}

extension ProductLaps {
    /// By round, how many times as fast as by the rules.
    fileprivate func ratios(of library: ProductTable.Library) -> [Double] {
        guard let other = others.first(where: { $0.library == library.rawValue }) else { return [] }
        return zip(usual, other.seconds).compactMap { $1 > 0 && ($0 / $1).isFinite ? $0 / $1 : nil }
    }
}
