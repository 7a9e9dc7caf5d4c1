package import Tensors

/// How a race of libraries for one product ended.
package struct ProductResult: Codable, Hashable, Sendable {
    /// `f32 512x2048x512 nt`
    package var product: String
    package var hasBias: Bool
    /// The winner, where it is clearly faster than what the processor's rules name: `onednn-sgemm`.
    package var library: String?
    /// How many times as fast as by the rules the winner is, or else the best of the others: the median of pairs.
    package var gain: Double

    package init(_ contest: ProductContest, library: ProductTable.Library?, gain: Double) {
        (product, hasBias) = (contest.key.description, contest.hasBias)
        self.library = library?.rawValue
        self.gain = gain
    }

    package func isOf(_ contest: ProductContest) -> Bool {
        product == contest.key.description && hasBias == contest.hasBias
    }

    /// nil where the rules stay; also for a text that is none of a product's.
    package var row: ProductTable.Row? { library.flatMap { ProductTable.Row("\(product) \($0)") } }
}
