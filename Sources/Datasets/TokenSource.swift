/// A stream of tokens that can be read anywhere.
package protocol TokenSource: Sendable {
    /// How many tokens there are.
    var count: Int { get }
    /// What errors call it: the file's path, where there is one.
    var name: String { get }
    /// Writes tokens `range` to the start of `out`, unchecked against any vocabulary. Throws when a file can no longer
    /// be read, or is not the one that was opened.
    func copy(_ range: Range<Int>, into out: UnsafeMutableBufferPointer<Int32>) throws(DatasetError)
    /// The first token of `range` that no vocabulary of that many holds; nil: there is none.
    func firstToken(
        notBelow vocabulary: Int, in range: Range<Int>, cache: ScanCache
    ) throws(DatasetError) -> Int?
    /// Where a token stands, for errors.
    func location(of token: Int) -> TokenLocation
    /// Called once, with the order the samples will be asked for.
    func prepare(for order: SampleOrder)
}

extension TokenSource {
    package func firstToken(
        notBelow vocabulary: Int, in range: Range<Int>, cache: ScanCache
    ) throws(DatasetError) -> Int? { nil }

    package func prepare(for order: SampleOrder) {}
}

/// Programmer mistakes: a range outside the source, or a buffer too small for it.
func requireRoom(_ range: Range<Int>, in count: Int, _ out: UnsafeMutableBufferPointer<Int32>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "tokens \(range) of \(count)")
    precondition(out.count >= range.count, "\(range.count) tokens into a buffer of \(out.count)")
}
