/// How pairs of numbers of each head's q and k turn with their positions: Su et al., arXiv 2104.09864.
///
/// The first 2 · frequencies · planes numbers of a head turn, an equal part of them for each plane; others stay. The pair
/// (a, b) becomes (a cos − b sin, b cos + a sin) of position × frequency, times the amplitude. The angle is rounded to
/// f32, and so are its cos and sin; activations of other types are rounded once, at the end.
public struct Rotation: Hashable, Sendable {
    /// Which two of a plane's numbers turn together. Raw values are the names in manifests.
    public enum Pairs: String, Hashable, Sendable, CaseIterable {
        /// i and i + half of the plane's numbers
        case halves
        /// 2i and 2i + 1
        case neighbours
    }

    /// The angle between consecutive positions, of each pair of one plane.
    public var frequencies: [Float]
    /// What cos and sin are multiplied by.
    public var amplitude: Float
    /// Which two numbers turn together.
    public var pairs: Pairs
    /// How many positions a token has, each for its part of the numbers.
    public var planes: Int

    /// One plane of halves unless given.
    public init(frequencies: [Float], amplitude: Float = 1, pairs: Pairs = .halves, planes: Int = 1) {
        self.frequencies = frequencies
        self.amplitude = amplitude
        self.pairs = pairs
        self.planes = planes
    }

    /// How many of a head's first numbers turn.
    public var width: Int { 2 * frequencies.count * planes }
}
